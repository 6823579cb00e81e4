import { expect, test } from 'vitest';
import { serverErrors } from '../../src/protocol/server-error.ts';
import { meaningOf } from '../../src/protocol/server-error.ts';

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
  // What the status says of a request goes before what its type usually means: nobody is told that a write was refused that may be there.
  ['validation-failed', 500, 'unknown', true],
  ['permission-denied', 503, 'unknown', true],
  ['timeout', 400, 'not-applied', false],
  ['sql-exception', 409, 'not-applied', false],
  ['app-disabled', 500, 'not-applied', true],
  ['parameter-limit-exceeded', 400, 'not-applied', false],
  // Neither told: nobody can say.
  ['from-the-future', undefined, 'unknown', true],
  ['parameters', undefined, 'unknown', true],
  ['toString', undefined, 'unknown', true],
  [null, undefined, 'unknown', true],
  [undefined, undefined, 'unknown', true],
])('%s with status %s', (type, status, outcome, passing) => {
  expect(meaningOf({ type, status })).toMatchObject({ outcome, isTransient: passing });
});

test('status 400 always means that the call was not applied', () => {
  for (const { status, outcome } of Object.values(serverErrors)) if (status === 400) expect(outcome).toBe('not-applied');
});

test('every listed type has its listed meaning', () => {
  for (const [type, facts] of Object.entries(serverErrors)) expect(meaningOf({ type, status: facts.status })).toEqual(facts);
});

test('the meaning is the same without a status, which a server may omit', () => {
  for (const [type, facts] of Object.entries(serverErrors))
    for (const status of [undefined, null]) expect(meaningOf({ type, status }), type).toEqual(facts);
});
