// A write that takes long to check, or has bad luck, while other servers write without end.

import { expect, test } from 'vitest';
import { memory } from '../../../src/server/storage/memory.ts';
import type { AppLog, HeldLog, LogEntry, Storage } from '../../../src/server/storage/storage.ts';
import { appId, bench, blob, newId, type TestPeer } from '../bench.ts';

const goalsId = blob('goals', 'id');
const create = (id = newId()) => ({ op: 'transact', 'client-event-id': id, 'tx-steps': [['add-triple', id, goalsId.id, id]] });
const turn = (): Promise<void> => new Promise((next) => setImmediate(next));

async function applied(peer: TestPeer): Promise<void> {
  while (peer.take('transact-ok').length === 0) await turn();
}

/** Two servers on one storage: before each append of the first, the other writes once. */
async function unlucky(changed: (log: AppLog) => AppLog = (log) => log) {
  const storage = memory();
  const count = { appends: 0, holds: 0 };
  const other = bench({ storage });
  const busy = await other.open();
  await busy.response('transact-ok', { op: 'transact', 'tx-steps': [['add-attr', goalsId]] });
  let isBusy = false;
  const late: Storage = {
    ...storage,
    async open(id) {
      const log = await storage.open(id);
      const append = async (entries: readonly LogEntry[]) => {
        if (isBusy) {
          count.appends++;
          busy.send(create());
          await applied(busy);
        }
        return log.append(entries);
      };
      const hold = async (): Promise<HeldLog> => {
        count.holds++;
        const held = await (log.hold as () => Promise<HeldLog>)();
        // The other writes now, too, and waits.
        if (isBusy) busy.send(create());
        for (let n = 0; n < 10; n++) await turn();
        return held;
      };
      return changed({ ...log, append, hold });
    },
  };
  const world = bench({ storage: late });
  const writer = await world.open();
  busy.heard.length = writer.heard.length = 0;
  isBusy = true;
  return { world, other, writer, busy, count };
}

test('is applied after a few attempts, while others wait, and so are theirs after it', async () => {
  const { world, other, writer, busy, count } = await unlucky();
  writer.send(create());
  await applied(writer);
  expect(count).toEqual({ appends: 5, holds: 1 });
  await applied(busy);
  const [one, two] = await Promise.all([world, other].map(async ({ hub }) => (await hub.app(appId)).ledger));
  while (one?.txId !== two?.txId) await turn();
  expect(one?.db.size('goals')).toBe(7);
  expect(two?.db.size('goals')).toBe(7);
});

test('is rejected for now, not for good, on a storage that cannot make others wait', async () => {
  const { writer, count } = await unlucky(({ hold: _, ...log }) => log);
  const write = create();
  writer.send(write);
  while (writer.heard.every(({ op }) => op !== 'error')) await turn();
  expect(count.appends).toBe(50);
  expect(writer.take('error')).toMatchObject([{ type: 'rate-limited', 'client-event-id': write['client-event-id'] }]);
});

test('that is refused is told so, and lets go of the log', async () => {
  const { writer, busy, count } = await unlucky();
  writer.send({ op: 'transact', 'client-event-id': newId(), 'tx-steps': [['add-triple', newId(), newId(), 1]] });
  while (writer.heard.every(({ op }) => op !== 'error')) await turn();
  await applied(busy);
  writer.send(create());
  await applied(writer);
  expect(count.holds).toBe(2);
});
