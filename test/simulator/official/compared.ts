// The schedules that the official client and ours are both run through: with the same seed, the same steps, faults, network, disks, clocks and
// server, and the same checks.

import { VirtualServer } from '../../../src/testing/virtual/server.ts';
import { ourDevice } from '../client.ts';
import { ForgetfulServer } from '../forgetful-server.ts';
import { everything, type Setting } from '../setting.ts';
import type { StepName } from '../profiles.ts';
import { officialDevice } from './device.ts';

/** Steps that neither client is put through, as the official one has nothing to meet them with, or means something else by what it then does. */
export const leftOut: Readonly<Partial<Record<StepName, string>>> = {
  dependentWrite: 'it has no notion of a write that depends on another: it sends both',
  changeUser: 'it drops the waiting writes of the user who leaves, by design',
  handOver: 'the same, and its tabs have no leader: each has a connection of its own',
  expireUser: 'it signs the user out, and drops the waiting writes, by design',
  breakSocket: 'no browser throws at a `send` on an open socket; it does not expect that',
  repeat: 'no socket delivers a frame twice; it does not expect that',
  garble: 'its server sends no frames that make no sense; it does not expect them',
  mend: 'it is about what our server remembers of a refused write',
  rollBack: 'its server never goes back to an older log',
  status: 'it hands on the refusal of an app that is read-only or disabled, where ours waits',
};

const compared: Omit<Setting, keyof Comparison | 'device' | 'Server'> = {
  ...everything,
  leftOut: new Set(Object.keys(leftOut)),
  // Of two clients that make the same attribute at the same time, it loses the writes of one.
  isDeclared: true,
  // A disk that is full or broken: its failures are rejections that nobody can catch.
  diskConditions: ['hangs'],
  // What a listener throws ends what it does with the message that led to it.
  hasFailingListener: false,
  // It would not notice by itself. Devices take longer than this.
  silenceMs: 60_000,
  users: [],
};

export const clients = { Triplane: ourDevice, '@instantdb/core': officialDevice };
export const servers = { 'event ids remembered': VirtualServer, 'event ids forgotten': ForgetfulServer };

export interface Comparison {
  readonly client: keyof typeof clients;
  readonly server: keyof typeof servers;
  readonly mostTabs: number;
}

export function settingOf({ client, server, mostTabs }: Comparison): Setting {
  return { ...compared, device: clients[client], Server: servers[server], mostTabs };
}
