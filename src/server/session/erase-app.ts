// Erases the data of an app that is cleared or deleted: its entities, files and attributes; of a deleted app also its rules, sign-ins and
// settings. A record of the deletion remains.

import { submit } from '../data/submit.ts';
import { serverActor } from '../data/system-rules.ts';
import { replay } from '../storage/replay.ts';
import type { AppLog } from '../storage/storage.ts';
import type { App } from './app.ts';

/** Entities per transaction, so that other apps are served in between. */
const atOnce = 5000;

/** Entities and attributes. The app keeps its rules: it must not open up by being cleared. */
export async function clearApp(app: App): Promise<void> {
  await erase(app, []);
}

/** Closes the app. `kept`: records that remain. `reopen`: opens the log once the app has released it. */
export async function eraseApp(app: App, kept: ReadonlySet<string>, reopen: () => Promise<AppLog>): Promise<void> {
  await erase(
    app,
    [...app.ledger.records.keys()].filter((name) => !kept.has(name)),
  );
  await app.close();
  // Compacted at the end, because the log still contains the erased data.
  const log = await reopen();
  await log.compact({ ...replay(await log.load()), events: [] });
}

async function erase(app: App, records: readonly string[]): Promise<void> {
  const { ledger } = app;
  const run = async (steps: readonly (readonly unknown[])[], gone?: Record<string, null>): Promise<void> => {
    await submit(ledger, { steps: () => ({ steps, records: gone }), event: undefined, actor: serverActor });
  };
  // Deleted attributes keep their values until restored, so their triples must be removed as well.
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
