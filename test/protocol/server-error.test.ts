import { expect, test } from 'vitest';
import { isPassing, isServerErrorType, outcomeOf, serverErrors } from '../../src/protocol/server-error.ts';

test.each<[type: string | null | undefined, status: number | undefined, outcome: string, passing: boolean]>([
  ['param-missing', 400, 'not-applied', false],
  ['validation-failed', 400, 'not-applied', false],
  ['permission-denied', 400, 'not-applied', false],
  ['record-not-unique', 400, 'not-applied', false],
  ['app-read-only', 400, 'not-applied', true],
  ['app-disabled', 400, 'not-applied', true],
  ['rate-limited', 400, 'not-applied', true],
  ['timeout', 500, 'unknown', true],
  ['operation-timed-out', 500, 'unknown', true],
  ['sql-exception', 500, 'unknown', true],
  ['parameter-limit-exceeded', 500, 'not-applied', false],
  [null, 500, 'unknown', true],
  [null, 400, 'not-applied', false],
  ['from-the-future', 400, 'not-applied', false],
  ['from-the-future', 503, 'unknown', true],
  ['toString', 400, 'not-applied', false],
  [undefined, undefined, 'unknown', true],
])('%s with status %s', (type, status, outcome, passing) => {
  expect(outcomeOf({ type, status })).toBe(outcome);
  expect(isPassing({ type, status })).toBe(passing);
});

test('a status of 400 always means that nothing happened', () => {
  for (const { status, outcome } of Object.values(serverErrors)) if (status === 400) expect(outcome).toBe('not-applied');
});

test('only types of the list are types', () => {
  expect(isServerErrorType('timeout')).toBe(true);
  for (const type of ['toString', '__proto__', '', null, undefined, 7]) expect(isServerErrorType(type)).toBe(false);
});
