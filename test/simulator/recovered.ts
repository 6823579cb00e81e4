// What holds once everything is well again and some time has passed: no client needs help.

import { mutationPrefix } from '../../src/reactor/mutations/mutation.ts';
import type { LogEntry } from '../../src/server/storage/storage.ts';
import type { History } from './history.ts';
import type { Device, Tab } from './client.ts';

export function checkRecovered({ name, reactor }: Tab, history: History): void {
  if (reactor.status !== 'authenticated') history.report(`${name} is ${reactor.status} long after everything was well again`);
  for (const live of reactor.state.queries.list())
    if (live.error) history.report(`${name} still has an error for a query: ${live.error.message}`);
  const waiting = reactor.state.outbox.list().filter(({ state }) => state === 'pending' || state === 'inflight');
  if (waiting.length > 0) history.report(`${name} has ${waiting.length} writes without an answer long after everything was well again`);
}

/** The tabs of a browser have one user. */
export function checkUsers({ name, tabs }: Device, history: History): void {
  const users = new Set(tabs.map(({ reactor }) => reactor.account.user?.email ?? 'nobody'));
  if (users.size > 1) history.report(`the tabs of ${name} have different users: ${[...users].join(', ')}`);
}

/** After each user has been signed in once more, no write waits on the disk. */
export function checkDisk({ name, disk }: Device, history: History): void {
  for (const [key, value] of disk.entries) {
    if (!key.startsWith(mutationPrefix('').slice(0, -1))) continue;
    const { reason, txId } = value as { reason?: unknown; txId?: number };
    if (reason === undefined && txId === undefined) history.report(`${name} still has a write that waits: ${key}`);
  }
}

/** The attributes, by whichever id, that hold the numbers of the writes. */
export function markAttrs(entries: readonly LogEntry[]): ReadonlySet<string> {
  const attrs = entries.flatMap(({ attrs: changed }) => changed?.put ?? []);
  const isNumber = ([, etype, label]: readonly [string, string, string]): boolean => etype === 'marks' && label === 'number';
  return new Set(attrs.filter((attr) => isNumber(attr['forward-identity'])).map(({ id }) => id));
}
