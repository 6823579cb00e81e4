// CEL's own conformance tests, as `@bufbuild/cel-spec` carries them: an expression, what it is evaluated on, and the value or that
// there is none.

import type { Value } from '@bufbuild/cel-spec/cel/expr/value_pb.js';
import { getConformanceSuite, type IncrementalTest, type IncrementalTestSuite } from '@bufbuild/cel-spec/testdata/tests.js';
import { createRegistry, type Registry } from '@bufbuild/protobuf';
import { anyUnpack, DurationSchema, TimestampSchema } from '@bufbuild/protobuf/wkt';

import type { Cel } from '../../../src/server/rules/cel.ts';
import { Compiler } from '../../../src/server/rules/cel/compiler.ts';
import { dyn } from '../../../src/server/rules/cel/types.ts';
import { Duration, equals, kindOf, MapLiteral, Timestamp, TypeValue, Uint } from '../../../src/server/rules/cel/values.ts';

export interface Case {
  readonly name: string;
  readonly expr: string;
  readonly test: IncrementalTest;
}

/** Parts of CEL that rules have nothing of. */
const without: readonly (readonly [why: string, isMeant: (name: string, test: IncrementalTest['original']) => boolean])[] = [
  ['protocol buffers: rules know no message types', (name) => /^(proto|wrappers|enums|dynamic)/.test(name)],
  [
    'protocol buffers: rules know no message types',
    (_, test) =>
      /TestAllTypes|google\.protobuf\.(?!Timestamp|Duration)|NestedTestAllTypes|GlobalEnum/.test(
        JSON.stringify([test.expr, test.container, bound(test)]),
      ),
  ],
  [
    'containers: a rule has no namespaces of names',
    (_, test) =>
      test.container !== '' ||
      test.typeEnv.some(({ name }) => name.includes('.')) ||
      Object.keys(test.bindings).some((name) => name.includes('.')),
  ],
  ['optionals', (name, test) => name.startsWith('optionals') || /\.\?|\[\?|\{\?|optional/.test(test.expr)],
  ['macros with two variables, which the parser does not know', (name) => name.startsWith('macros2')],
  ['cel.block: it is written by optimisers only', (name) => name.startsWith('block_ext')],
  ['base64: rules have no encoders', (name) => name.startsWith('encoders_ext')],
  [
    'unknown values: a rule is given all it looks at',
    (_, test) => test.resultMatcher.case === 'unknown' || test.resultMatcher.case === 'anyUnknowns',
  ],
  ['the type alone: there is nothing to evaluate', (_, test) => test.checkOnly],
  ['macros are never off', (_, test) => test.disableMacros],
];

const bound = (test: IncrementalTest['original']): unknown =>
  Object.values(test.bindings).map(({ kind }) =>
    kind.case === 'value' && kind.value.kind.case === 'objectValue' ? kind.value.kind.value.typeUrl : '',
  );

export function conformanceCases(): { readonly cases: Case[]; readonly leftOut: ReadonlyMap<string, number> } {
  const leftOut = new Map<string, number>();
  const cases = testsIn(getConformanceSuite(), []).filter(({ name, test }) => {
    const why = without.find(([, isMeant]) => isMeant(name, test.original))?.[0];
    if (why !== undefined) leftOut.set(why, (leftOut.get(why) ?? 0) + 1);
    return why === undefined;
  });
  return { cases, leftOut };
}

function testsIn({ name, suites, tests }: IncrementalTestSuite, path: readonly string[]): Case[] {
  const here = [...path, name];
  const own = tests.map((test) => ({ name: [...here.slice(1), test.name].join('/'), expr: test.original.expr, test }));
  return [...suites.flatMap((suite) => testsIn(suite, here)), ...own];
}

const registry: Registry = createRegistry(TimestampSchema, DurationSchema);

export function valueOf({ kind }: Value): unknown {
  switch (kind.case) {
    case 'nullValue':
      return null;
    case 'uint64Value':
      return new Uint(kind.value);
    case 'listValue':
      return kind.value.values.map(valueOf);
    case 'mapValue': {
      const map = new MapLiteral();
      for (const { key, value } of kind.value.entries) if (key && value) map.add(valueOf(key), valueOf(value));
      return map;
    }
    case 'typeValue':
      return new TypeValue(kind.value);
    case 'objectValue': {
      const message = anyUnpack(kind.value, registry) as unknown as { $typeName: string; seconds: bigint; nanos: number };
      const nanos = message.seconds * 1_000_000_000n + BigInt(message.nanos);
      return message.$typeName.endsWith('Timestamp') ? new Timestamp(nanos) : new Duration(nanos);
    }
    default:
      return kind.value;
  }
}

/** Undefined: as expected. Otherwise what came instead. */
export function deviation(cel: Cel, { test: { original } }: Case): string | undefined {
  let value: unknown;
  try {
    value = evaluate(cel, original);
  } catch (error) {
    return original.resultMatcher.case === 'evalError' ? undefined : String(error);
  }
  const { case: kind, value: wanted } = original.resultMatcher;
  if (kind === 'evalError') return `an error was expected, not ${show(value)}`;
  const expected = kind === 'value' ? valueOf(wanted) : kind === 'typedResult' && wanted.result ? valueOf(wanted.result) : true;
  const isSame = kindOf(value) === kindOf(expected) && (equals(value, expected, () => {}) || Object.is(value, expected));
  return isSame ? undefined : `${show(value)}, not ${show(expected)}`;
}

function evaluate(cel: Cel, { expr, bindings, typeEnv }: IncrementalTest['original']): unknown {
  const names = new Set([...Object.keys(bindings), ...typeEnv.map(({ name }) => name)]);
  const variables = Object.fromEntries(
    Object.entries(bindings).map(([name, { kind }]) => {
      if (kind.case !== 'value') throw new Error('no value');
      return [name, valueOf(kind.value)];
    }),
  );
  const compiler = new Compiler({
    functions: cel.functions,
    limit: cel.limit,
    isTyped: false,
    resolve: (name) =>
      names.has(name) ? { type: dyn, run: (frame) => (frame.variables as Readonly<Record<string, unknown>>)[name] } : undefined,
  });
  const { run } = compiler.compile(cel.parse(expr));
  return cel.limit.run(() => run({ variables, bound: [] }, []));
}

function show(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? `${each}n` : each)) ?? String(value);
}
