// Error responses of the server, with the hint of each error type.

/* eslint-disable @typescript-eslint/no-explicit-any -- some hints repeat what was sent, whatever that was */

type Constraint = { table?: string; condition?: string; constraint?: string };
type RecordType = { 'record-type': string };

interface Hints {
  'param-missing': { in: string[] };
  'param-malformed': { in: string[] };
  'record-not-found': RecordType;
  'record-not-unique': RecordType;
  'record-expired': RecordType;
  'record-foreign-key-invalid': Constraint;
  'record-check-violation': Constraint;
  'sql-raise': Constraint;
  'sql-exception': Constraint;
  'validation-failed': { 'data-type': string; errors: any[] };
  'permission-denied': { input: any; expected: string };
  'permission-evaluation-failed': { rule: [string, string]; error?: { type: string; message: string; hint: any } };
  'rate-limited': { 'retry-at'?: string; 'retry-after'?: number; 'remaining-tokens'?: number };
  'session-missing': { 'sess-id': string };
  'socket-missing': { 'sess-id': string; 'exception-message'?: string };
}

type IssueBody = { [Type in keyof Hints]: { type: Type; message: string; hint: Hints[Type] } }[keyof Hints];

export type InstantIssue = { body: IssueBody | { type: undefined; [key: string]: any } | undefined; status: number };
