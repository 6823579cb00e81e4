// Random expressions, evaluated here and by `@bufbuild/cel`'s own evaluator: another reading of the same language. Where both give a value
// it is the same, and where one gives an error so does the other.

import { celEnv, isCelError, parse, plan } from '@bufbuild/cel';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { loadCel } from '../../../src/server/rules/cel.ts';
import { Compiler } from '../../../src/server/rules/cel/compiler.ts';
import { asJson } from '../../../src/server/rules/cel/json.ts';
import { check } from '../../support/runs.ts';

const cel = await loadCel();
const env = celEnv();

const depth = fc.createDepthIdentifier();

/** Numbers stay small, so that no library's range is in question, and ints and doubles do not meet: that is compared here, and an error there. */
const { bool } = fc.letrec<{ bool: string; int: string; text: string; list: string }>((tie) => ({
  int: fc.oneof(
    { maxDepth: 3, depthIdentifier: depth },
    fc.integer({ min: 0, max: 9 }).map(String),
    fc.constant('n'),
    fc.tuple(tie('int'), fc.constantFrom('+', '-', '*', '/', '%'), tie('int')).map(([a, op, b]) => `(${a} ${op} ${b})`),
    tie('text').map((text) => `size(${text})`),
    tie('list').map((list) => `size(${list})`),
    fc.tuple(tie('list'), tie('int')).map(([list, at]) => `${list}[${at}]`),
    fc.tuple(tie('bool'), tie('int'), tie('int')).map(([test, a, b]) => `(${test} ? ${a} : ${b})`),
  ),
  text: fc.oneof(
    { maxDepth: 3, depthIdentifier: depth },
    fc.constantFrom("''", "'a'", "'ab'", "'é😀'", 't'),
    fc.tuple(tie('text'), tie('text')).map(([a, b]) => `(${a} + ${b})`),
    tie('int').map((int) => `string(${int})`),
  ),
  list: fc.oneof(
    { maxDepth: 3, depthIdentifier: depth },
    fc.constant('l'),
    fc.array(tie('int'), { maxLength: 3 }).map((items) => `[${items.join(', ')}]`),
    fc.tuple(tie('list'), tie('int')).map(([list, by]) => `${list}.map(x, x + ${by})`),
    fc.tuple(tie('list'), tie('int')).map(([list, by]) => `${list}.filter(x, x > ${by})`),
    fc.tuple(tie('list'), tie('list')).map(([a, b]) => `(${a} + ${b})`),
  ),
  bool: fc.oneof(
    { maxDepth: 3, depthIdentifier: depth },
    fc.constantFrom('true', 'false', 'b'),
    fc.tuple(tie('bool'), fc.constantFrom('&&', '||', '==', '!='), tie('bool')).map(([a, op, b]) => `(${a} ${op} ${b})`),
    tie('bool').map((inner) => `!${inner}`),
    fc.tuple(tie('int'), fc.constantFrom('<', '<=', '>', '>=', '==', '!='), tie('int')).map(([a, op, b]) => `(${a} ${op} ${b})`),
    fc.tuple(tie('text'), fc.constantFrom('<', '==', '!='), tie('text')).map(([a, op, b]) => `(${a} ${op} ${b})`),
    fc.tuple(tie('text'), fc.constantFrom('startsWith', 'endsWith', 'contains'), tie('text')).map(([a, name, b]) => `${a}.${name}(${b})`),
    fc.tuple(tie('int'), tie('list')).map(([item, list]) => `(${item} in ${list})`),
    fc
      .tuple(tie('list'), fc.constantFrom('all', 'exists', 'exists_one'), tie('int'))
      .map(([list, name, by]) => `${list}.${name}(x, x > ${by})`),
    fc.tuple(tie('list'), tie('list')).map(([a, b]) => `(${a} == ${b})`),
  ),
}));

const error = 'error';

function ours(code: string, variables: Readonly<Record<string, unknown>>): unknown {
  const resolve = (name: string) =>
    Object.hasOwn(variables, name) ? { type: { name: 'dyn', of: [] }, run: () => variables[name] } : undefined;
  const { run } = new Compiler({ functions: cel.functions, limit: cel.limit, resolve, isTyped: false }).compile(cel.parse(code));
  try {
    return asJson(cel.limit.run(() => run({ variables, bound: [] }, [])));
  } catch {
    return error;
  }
}

function theirs(code: string, variables: Record<string, unknown>): unknown {
  const value = plan(env, parse(code))(variables as never);
  return isCelError(value) ? error : value;
}

const expressions = Number(process.env.RULE_EXPRESSIONS ?? 200);

test('random expressions have the same value as in another evaluator', { timeout: 600_000 }, () => {
  const given = fc.record({
    n: fc.bigInt({ min: 0n, max: 9n }),
    t: fc.constantFrom('', 'a', '😀b'),
    b: fc.boolean(),
    l: fc.constantFrom([], [1n, 2n]),
  });
  const property = fc.property(bool, given, (code, variables) => {
    expect(ours(code, variables), code).toEqual(theirs(code, variables));
  });
  check(property, expressions);
});
