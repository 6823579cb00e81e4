// The closed list of the types of an `error`, and what each means. PROTOCOL.md#error

import { exceptions, failed, refused, type ServerErrorFacts } from './server-error.ts';

/** Every `type` a client can be told. */
export const serverErrors = {
  ...exceptions,
  'param-missing': refused,
  'param-malformed': refused,
  'validation-failed': refused,
  'permission-denied': refused,
  'permission-evaluation-failed': refused,
  'record-not-found': refused,
  'record-not-unique': refused,
  'record-expired': refused,
  'record-foreign-key-invalid': refused,
  'record-check-violation': refused,
  'sql-raise': refused,
  timeout: failed,
  'operation-timed-out': failed,
  'sql-exception': failed,
} as const satisfies Readonly<Record<string, ServerErrorFacts>>;

export type ServerErrorType = keyof typeof serverErrors;
