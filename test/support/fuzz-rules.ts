// Rules as somebody might write them who wants a server to hang, to fall over, or to allow what it should not.

import fc from 'fast-check';

import { Attrs } from '../../src/db/attrs.ts';
import { isTriplaneError } from '../../src/errors.ts';
import { type Cel, loadCel } from '../../src/server/rules/cel.ts';
import { MapLiteral } from '../../src/server/rules/cel/values.ts';
import { checkRules } from '../../src/server/rules/check-rules.ts';
import { fieldsOf, RequestValue } from '../../src/server/rules/fields.ts';
import type { Variables } from '../../src/server/rules/rule.ts';
import { goalAttrs } from './goals.ts';

const every = 500;
/** Of one rule: its budget of steps takes a few milliseconds. */
const mostCpuMs = 2_000;

const long = 'a'.repeat(5_000);
const data = {
  ...{ id: 'g', n: 3, f: 1.5, big: 2 ** 53, text: 'aéb😀', long, flag: true, nothing: null },
  ...{ list: Array.from({ length: 300 }, (_, at) => at), map: { a: 1, b: { c: [1, 'x'] }, constructor: 'own' }, nested: [[[[1]]]] },
};

const leaf = fc.oneof(
  fc.constantFrom(
    ...['true', 'false', 'null', '0', '1', '-1', '1u', '9223372036854775807', '18446744073709551615u', '1e308', '-0.0', '0x10', "''"],
    ...["'a'", "r'\\'", "b'\\xff'", "'''x'''", '[]', '{}', '[1, 2, 3]', "{'a': 1}", 'data', 'newData', 'auth', 'auth.id', 'ruleParams'],
    ...['data.n', 'data.f', 'data.big', 'data.text', 'data.long', 'data.list', 'data.map', 'data.nested', 'data.missing', 'data.nothing'],
    ...[
      'data.__proto__',
      'data.constructor',
      "data['toString']",
      'request.time',
      'request.modifiedFields',
      'request.ip',
      'request.missing',
    ],
    ...[
      "auth.ref('$user.goals.id')",
      "data.ref('goals.title')",
      "data.ref('x.y.z')",
      'duration("1h")',
      "timestamp('2024-01-15T14:30:45Z')",
    ],
    ...['x', 'y', 'rateLimit', 'int', 'type', "rateLimit.a.limit('k')"],
  ),
  fc.string({ maxLength: 12 }).map((text) => JSON.stringify(text)),
  fc.integer().map(String),
  fc.double().map(String),
);
const operators = ['+', '-', '*', '/', '%', '==', '!=', '<', '<=', '>', '>=', '&&', '||', 'in'];
const calls = ['size', 'int', 'uint', 'double', 'string', 'bytes', 'bool', 'dyn', 'type', 'duration', 'timestamp', 'has', 'math.abs', 'math.greatest']; // prettier-ignore
const methods = ['size()', 'charAt(1)', 'upperAscii()', 'trim()', 'getFullYear()', 'getTime()', 'reverse()', 'join()', 'distinct()', 'flatten()', 'sort()']; // prettier-ignore
const withOne = ['contains', 'startsWith', 'matches', 'indexOf', 'split', 'substring', 'join', 'format', 'ref', 'slice', 'lastIndexOf'];
const macros = ['all', 'exists', 'exists_one', 'filter', 'map'];

const { expression } = fc.letrec<{ expression: string }>((tie) => {
  const part = tie('expression');
  return {
    expression: fc.oneof(
      { depthSize: 'medium', withCrossShrink: true },
      leaf,
      fc.tuple(part, fc.constantFrom(...operators), part).map(([a, operator, b]) => `(${a} ${operator} ${b})`),
      fc.tuple(part, fc.constantFrom(...macros), part).map(([list, macro, body]) => `${list}.${macro}(x, ${body})`),
      fc.tuple(part, fc.constantFrom(...withOne), part).map(([value, method, given]) => `${value}.${method}(${given})`),
      fc.tuple(part, fc.constantFrom(...methods)).map(([value, method]) => `${value}.${method}`),
      fc.tuple(fc.constantFrom(...calls), part).map(([call, given]) => `${call}(${given})`),
      fc.tuple(part, part, part).map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
      fc.tuple(part, part).map(([value, body]) => `cel.bind(y, ${value}, ${body})`),
      fc.tuple(part, part).map(([value, at]) => `${value}[${at}]`),
      fc.tuple(fc.constantFrom('!', '-', '!!', '--'), part).map(([operator, value]) => `${operator}${value}`),
      fc.array(part, { maxLength: 3 }).map((items) => `[${items.join(', ')}]`),
      fc.tuple(part, part).map(([key, value]) => `{${key}: ${value}}`),
    ),
  };
});
const pattern = fc.array(fc.constantFrom('(', 'a', '+', '*', ')', '|', '[^', ']', '{1,9}', '\\b', '(?=', '(?i)', '.', '$'), {
  maxLength: 12,
});
const rule = fc.oneof(
  { weight: 6, arbitrary: expression },
  // What multiplies.
  { weight: 1, arbitrary: fc.tuple(fc.integer({ min: 1, max: 60 }), expression).map(([times, inner]) => repeated(times, inner)) },
  { weight: 1, arbitrary: pattern.map((parts) => `data.long.matches(${JSON.stringify(parts.join(''))})`) },
  { weight: 1, arbitrary: fc.tuple(expression, fc.nat()).map(([code, at]) => code.slice(0, at % (code.length + 1))) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 20_000 }).map((depth) => `${'('.repeat(depth)}1${')'.repeat(depth)}`) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 20_000 }).map((depth) => `${'!'.repeat(depth)}true`) },
);

const repeated = (times: number, inner: string): string =>
  Array.from({ length: times }).reduce<string>((code) => `cel.bind(y, y + y, ${code})`, `cel.bind(y, ${inner}, y)`);

/** Each rule is rejected with a reason, or gives a value or an error, and none takes long. */
export async function fuzzRules(
  count: number,
  seed: number,
  progress: (done: number) => void = () => {},
): Promise<{ faults: string[]; isAlive: boolean }> {
  const cel = await loadCel();
  const faults: string[] = [];
  for (let at = 0; at < count; at += every) {
    for (const code of fc.sample(rule, { numRuns: Math.min(every, count - at), seed: seed + at })) {
      const fault = faultOf(cel, code);
      if (fault) faults.push(`${fault}: ${code.slice(0, 300)}`);
    }
    progress(at);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { faults, isAlive: evaluate(cel, 'data.n == 3 && data.map.a == 1') === true && !('polluted' in {}) };
}

function faultOf(cel: Cel, code: string): string | undefined {
  const began = process.cpuUsage();
  let fault: string | undefined;
  try {
    evaluate(cel, code);
  } catch (error) {
    // A fault of the evaluator itself is no answer to a rule.
    const isOwn = error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError;
    if (!(error instanceof Error) || (isOwn && !isTriplaneError(error))) fault = `thrown: ${String(error)}`;
  }
  const { user, system } = process.cpuUsage(began);
  const ms = (user + system) / 1000;
  return ms > mostCpuMs ? `took ${Math.round(ms)} ms` : fault;
}

const attrs = Attrs.from(goalAttrs);
const nothing = fieldsOf({});

/** @throws Error if the rule is rejected or cannot be evaluated */
function evaluate(cel: Cel, code: string): unknown {
  const { rules } = checkRules({ goals: { allow: { update: code } } }, cel, attrs);
  const own = fieldsOf(data);
  const variables: Variables = {
    ...{ data: own, newData: own, auth: nothing, ruleParams: nothing, request: new RequestValue({}), rateLimit: new MapLiteral() },
  };
  return rules.explicit('goals', 'update')?.value(variables);
}
