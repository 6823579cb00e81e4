// The expression language of rules against CEL's own conformance tests.

import { describe, expect, test } from 'vitest';
import { loadCel } from '../../../src/server/rules/cel.ts';
import { conformanceCases, deviation } from './conformance.ts';

const cel = await loadCel();
const { cases, leftOut } = conformanceCases();

/** What is otherwise here, and why. */
const known: readonly (readonly [why: string, names: RegExp, count: number])[] = [
  [
    'what is not there is refused before anything is evaluated',
    /^(basic\/(variables|functions)\/unbound_is_runtime_error|parse\/receiver_function_names\/)/,
    19,
  ],
  [
    'only a null counts as false: a text beside || is an error, whatever the other side is, as in the original',
    /^logic\/(AND|OR)\/short_circuit_type_right/,
    2,
  ],
  [
    'an int and a double are compared exactly: 9223372036854775807 is less than 9223372036854775808.0',
    /^comparisons\/\w+_literal\/(not_lt_dyn_int_big_lossy_double|not_gt_dyn_big_double_int|lte_dyn_big_double_int|gte_dyn_int_big_lossy_double)$/,
    4,
  ],
  ['names in backquotes: the parser has none, nor has the original', /^fields\/quoted_map_fields/, 6],
  ["durations of more than 292 years: ours, as the original's, may be of 10,000", /^timestamps\/timestamp_range\/sub_time_duration/, 2],
  ['half a number is rounded up, as JavaScript does it', /^string_ext\/format\/format_%f_halfway_truncate_to_nearest_even/, 1],
];

describe('CEL conformance', () => {
  const expected = cases.filter(({ name }) => !known.some(([, names]) => names.test(name)));

  test.each(expected.map((each) => [each.name, each] as const))('%s', (_, each) => {
    expect(deviation(cel, each)).toBeUndefined();
  });

  test.each(known)('known deviation: %s', (_, names, count) => {
    const those = cases.filter(({ name }) => names.test(name)).map((each) => deviation(cel, each));
    expect(those).toHaveLength(count);
    expect(those).not.toContain(undefined);
  });

  test('the number of cases that run and that are left out is as expected', () => {
    expect(cases).toHaveLength(1495);
    expect(Object.fromEntries(leftOut)).toMatchInlineSnapshot(`
      {
        "base64: rules have no encoders": 4,
        "cel.block: it is written by optimisers only": 22,
        "containers: a rule has no namespaces of names": 8,
        "macros with two variables, which the parser does not know": 46,
        "optionals": 68,
        "protocol buffers: rules know no message types": 682,
        "the type alone: there is nothing to evaluate": 19,
      }
    `);
  });
});
