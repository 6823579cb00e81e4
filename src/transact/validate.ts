// A transaction checked by itself, before anybody makes it.

import type { AnySchema } from '../schema.ts';
import { checkTransaction } from '../schema/check-transaction.ts';
import { opsOf } from './operation.ts';

/**
 * Refuses a transaction that cannot be right.
 *
 * @throws TransactionValidationError
 * @example
 * validateTransaction(tx.goals['first'].update({}), schema) // throws: 'first' is no UUID
 */
export function validateTransaction(chunks: unknown, schema?: AnySchema): void {
  const ops = opsOf(chunks);
  if (schema) checkTransaction(ops, schema);
}
