// A database is closed at the end of a block, gives up what waits by a signal, and tells what goes on, each event with its own fields.

import { type DatabaseEvent, init } from 'triplane';

const appId = '7b1c2d3e-4f50-4a61-8b72-9c83ad94be05';

export async function block(signal: AbortSignal): Promise<void> {
  await using db = init({ appId });
  await db.queryOnce({ goals: {} }, { signal });
  await db.queryOnce({ goals: {} }, { ruleParams: {}, signal });
  await db.transact([], { signal });
  db.on('outbox', ({ state, waiting }) => [state satisfies string, waiting satisfies number]);
  db.on('*', (event) => event satisfies DatabaseEvent);
  // @ts-expect-error no such event
  db.on('nothing', () => {});
  // @ts-expect-error a status has no op
  db.on('connection', ({ op }) => op);
}
