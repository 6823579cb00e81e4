// What the permission checks of a query or a transaction look like to a program that debugs its rules.

/* eslint-disable @typescript-eslint/no-explicit-any -- records, rule values and rules are of any shape */

/** How a rule decided about one entity, or about one of its fields. */
export type DebugCheckResult = {
  id: string;
  /** The namespace of the entity. */
  entity: string;
  /** The entity, whether or not the rule lets it be seen. */
  record: Record<string, any>;
  /** The value of the rule, usually a boolean. */
  check: any;
};

/** How a rule decided about one step of a transaction. */
export type DebugTransactCheck = {
  scope: string;
  action: string;
  etype: string;
  eid: string;
  program: Record<string, any>;
  bindings: Record<string, any>;
  'check-result': any;
  'check-pass?': boolean;
};

/** The outcome of a transaction that was tried and rolled back. Each key also has a name in camel case. */
export type DebugTransactResult = {
  'tx-id': number;
  'all-checks-ok?'?: boolean;
  'committed?'?: boolean;
  'check-results'?: DebugTransactCheck[];
  txId?: number;
  allChecksOk?: boolean;
  committed?: boolean;
  checkResults?: DebugTransactCheck[];
};

/** What to assume instead of what the server has and sees. */
export type DebugOpts = {
  /** Complete rules, in place of the stored ones. */
  rules?: any;
  /** For `request.ip`. */
  ip?: string | null | undefined;
  /** For `request.origin`. */
  origin?: string | null | undefined;
};
