// The values of a transaction: what is stored is a copy.

import { TransactionValidationError } from '../errors.ts';
import { copyJson } from '../lib/copy-json.ts';
import type { Value } from '../protocol/triple.ts';

/**
 * Copies a value for storing.
 *
 * @param path the position of the value for error messages, such as `acts.rider`
 * @returns the value as JSON carries it, except that dates stay `Date` objects
 * @throws TransactionValidationError if the value cannot be stored
 */
export function storable(value: unknown, path: string): Value {
  return copyJson(value, (why, at) => new TransactionValidationError(`Cannot write the value of '${path}${at}': ${why}`));
}
