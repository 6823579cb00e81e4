// Writing: all steps of a transaction, or none. PROTOCOL.md#transact, #transact-ok

import type { Echo, Maybe, Said } from './envelope.ts';
import type { Step } from './step.ts';

export interface Transact extends Said {
  readonly op: 'transact';
  readonly 'tx-steps': readonly Step[];
  /** When the user wrote, and which write it was; for people who read logs. Servers ignore both. */
  readonly created?: unknown;
  readonly order?: unknown;
}

export interface TransactOk extends Echo {
  readonly op: 'transact-ok';
  readonly 'tx-id': number;
  readonly isn?: Maybe<string>;
}
