// What the log is told of a request that fails.

import { expect, test } from 'vitest';
import { TriplaneError } from '../../../src/errors.ts';
import { silent } from '../../../src/lib/log.ts';
import { errorResponse } from '../../../src/server/http/errors.ts';

function failWith(error: Error): { readonly logged: unknown[]; readonly message: unknown } {
  const logged: unknown[] = [];
  const { body } = errorResponse(error, { ...silent, error: (...parts) => void logged.push(...parts) });
  return { logged, message: body.message };
}

test('a package that is not installed is told to the client and the log, without a stack', () => {
  const text = 'Permission rules need one more package. Run: npm install x';
  expect(failWith(new TriplaneError('dependency-missing', text))).toEqual({ logged: ['a request failed', text], message: text });
});

test('the client is not told of any other failure, and the log has its stack', () => {
  const failure = new Error('mine');
  expect(failWith(failure)).toEqual({ logged: ['a request failed', failure], message: 'The server failed' });
});
