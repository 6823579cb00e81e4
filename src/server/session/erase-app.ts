// The data of an app that is cleared or deleted goes: its entities, their files and its attributes; of a deleted app also its rules,
// sign-ins and settings. What is left of that one says that it was deleted.

import { submit } from '../data/submit.ts';
import { serverActor } from '../data/system-rules.ts';
import { replay } from '../storage/replay.ts';
import type { AppLog } from '../storage/storage.ts';
import type { App } from './app.ts';

/** Entities of one transaction: other apps are served meanwhile. */
const atOnce = 5000;

/** Entities and attributes. The app goes on without them, under the rules it has: it must not open up by being cleared. */
export async function clearApp(app: App): Promise<void> {
  await erase(app, []);
}

/** Closes the app. `kept`: records that stay. `reopen`: the log, for when the app has left it. */
export async function eraseApp(app: App, kept: ReadonlySet<string>, reopen: () => Promise<AppLog>): Promise<void> {
  await erase(
    app,
    [...app.ledger.records.keys()].filter((name) => !kept.has(name)),
  );
  await app.close();
  // Until then, the log tells what there was.
  const log = await reopen();
  await log.compact({ ...replay(await log.load()), events: [] });
}

async function erase(app: App, records: readonly string[]): Promise<void> {
  const { ledger } = app;
  const run = async (steps: readonly (readonly unknown[])[], gone?: Record<string, null>): Promise<void> => {
    await submit(ledger, { steps: () => ({ steps, records: gone }), event: undefined, actor: serverActor });
  };
  // Deleted attributes keep their values until they are restored, so that these go with their entities.
  for (const id of [...ledger.deletedAttrs.keys()]) await run([['restore-attr', id]]).catch(() => undefined);
  for (let left = entitiesOf(app); left.length > 0; left = entitiesOf(app)) {
    await run(left.slice(0, atOnce).map(([id, etype]) => ['delete-entity', id, etype]));
  }
  const own = ledger.db.attrs.list.filter(({ isSystem }) => !isSystem);
  await run(
    own.map(({ id }) => ['delete-attr', id]),
    Object.fromEntries(records.map((name) => [name, null])),
  );
}

function entitiesOf({ ledger: { db } }: App): (readonly [id: string, etype: string])[] {
  const etypes = new Set(db.attrs.list.map(({ etype }) => etype));
  return [...etypes].flatMap((etype) => {
    const idAttr = db.attrs.idAttr(etype);
    return [...db.rows(etype)].flatMap((row) => (row.exists(idAttr) ? [[row.id, etype] as const] : []));
  });
}
