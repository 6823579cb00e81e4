// Kinds of schedules: how often what happens, on how many devices and tabs, and how often clients meet at one name.

import type { DiskCondition } from '../../src/testing/virtual/disk.ts';

type Range = readonly [least: number, most: number];
export type ProfileName = 'mixed' | 'crowded';

export interface Profile {
  readonly weights: (seed: number) => Readonly<Record<StepName, number>>;
  readonly devices: Range;
  /** Open at the start, on each device. */
  readonly tabs: Range;
  readonly mostTabs: number;
  /** How likely a device is offline at the start, a disk slow, and an attribute made by a write. */
  readonly offline: number;
  readonly slowDisk: number;
  readonly newAttr: number;
  /** So many writes in a row make the same attributes and rows; undefined if all writes of a run do. */
  readonly writesPerName: number | undefined;
  readonly diskFaults: readonly DiskCondition[];
}

const mixed = {
  ...{ write: 40, burst: 3, invalidWrite: 4, dependentWrite: 2, ask: 2, wait: 18 },
  ...{ openTab: 3, closeTab: 2, killTab: 3, handOver: 1, freeze: 2, thaw: 3 },
  ...{ goOffline: 3, goOnline: 5, cut: 3, silence: 2, loseAnswers: 4, breakSocket: 2, repeat: 1, garble: 1, slowDown: 2 },
  ...{ stopServer: 1, killServer: 2, startServer: 5, failStorage: 0.6, slowStorage: 1, rollBack: 0.3 },
  ...{ changeUser: 3, expireUser: 1, disk: 2, slowDisk: 1, clock: 1, status: 0.5, schema: 1, mend: 1, signInRace: 0, flap: 0 },
};
export type StepName = keyof typeof mixed;
type Weights = Readonly<Record<StepName, number>>;

const faultsOfNetwork = ['closeTab', 'killTab', 'handOver', 'freeze', 'goOffline', 'cut', 'silence', 'loseAnswers', 'breakSocket'] as const;
const faultsOfServer = ['stopServer', 'killServer', 'rollBack', 'changeUser', 'expireUser', 'disk', 'slowDisk'] as const;
const none = Object.fromEntries([...faultsOfNetwork, ...faultsOfServer].map((name) => [name, 0]));
/** No connection is lost: so every answer of failure arrives, and order holds whatever the server fails at. */
const calm: Weights = { ...mixed, ...none, burst: 8, slowStorage: 2 };

/** Nothing that makes the checks lenient: no server that fails or has an older log, no disk that loses what it was given. */
const crowded: Weights = {
  ...mixed,
  ...{ write: 34, burst: 8, invalidWrite: 6, dependentWrite: 3, wait: 12 },
  ...{ openTab: 5, killTab: 2, handOver: 4, signInRace: 8, changeUser: 6, goOffline: 3, goOnline: 7, repeat: 4, slowDown: 4 },
  ...{ stopServer: 0.5, killServer: 1, failStorage: 0, rollBack: 0, disk: 3, slowDisk: 5, clock: 0.5, status: 0, expireUser: 0.5 },
};

/** Runs in which no connection is lost: every answer of the server arrives. */
export const isCalm = (seed: number): boolean => seed % 6 === 0;

export const profiles: Readonly<Record<ProfileName, Profile>> = {
  mixed: {
    weights: (seed) => {
      if (!isCalm(seed)) return mixed;
      return { ...calm, ...(seed % 12 === 0 ? { failStorage: 6, status: 0 } : { failStorage: 0, status: 5 }) };
    },
    ...{ devices: [2, 3], tabs: [1, 1], mostTabs: 3, offline: 0, slowDisk: 0, newAttr: 0.1, writesPerName: undefined },
    diskFaults: ['hangs', 'hangs', 'hangs', 'full', 'broken'],
  },
  // Few devices with many tabs, whose users change while leaders are killed, and which make the same names and rows at the same time.
  crowded: {
    // An app that is disabled for a moment makes the check of the order lenient.
    weights: (seed) => (seed % 3 === 0 ? { ...crowded, flap: 8 } : crowded),
    ...{ devices: [1, 2], tabs: [2, 4], mostTabs: 4, offline: 0.5, slowDisk: 0.5, newAttr: 0.4, writesPerName: 8 },
    diskFaults: ['hangs'],
  },
};
