// Whose client a run is of, and what may happen in it.

import type { DiskCondition } from '../../src/testing/virtual/disk.ts';
import { VirtualServer } from '../../src/testing/virtual/server.ts';
import { type OpenDevice, ourDevice } from './client.ts';

export interface Setting {
  readonly device: OpenDevice;
  readonly Server: typeof VirtualServer;
  /** The schema was pushed: clients do not make the attributes. */
  readonly isDeclared: boolean;
  /** Kinds of step that are not taken. */
  readonly leftOut: ReadonlySet<string>;
  /** Of one device at a time. */
  readonly mostTabs: number;
  /** What may befall a disk; as the kind of schedule has it, unless it is said. */
  readonly diskConditions: readonly DiskCondition[] | undefined;
  /** So long after a connection went silent the device gives it up. */
  readonly silenceMs: number;
  /** Names of those who sign in. */
  readonly users: readonly string[];
  /** The app has a listener that throws each time. */
  readonly hasFailingListener: boolean;
}

export const everything: Setting = {
  device: ourDevice,
  Server: VirtualServer,
  isDeclared: false,
  leftOut: new Set(),
  mostTabs: Infinity,
  diskConditions: undefined,
  silenceMs: Infinity,
  users: ['ann', 'bob'],
  hasFailingListener: true,
};
