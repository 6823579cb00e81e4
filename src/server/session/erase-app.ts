// The data of an app that was deleted goes: its entities, its files, its sign-ins and settings. What is left says that it was deleted.

import { submit } from '../data/submit.ts';
import { serverActor } from '../data/system-rules.ts';
import { replay } from '../storage/replay.ts';
import type { AppLog } from '../storage/storage.ts';
import type { App } from './app.ts';

/** Entities of one transaction: other apps are served meanwhile. */
const atOnce = 5000;

/** Closes the app. `kept`: records that stay. `reopen`: the log, for when the app has left it. */
export async function eraseApp(app: App, kept: ReadonlySet<string>, reopen: () => Promise<AppLog>): Promise<void> {
  const { ledger } = app;
  const run = async (steps: readonly (readonly unknown[])[], records?: Record<string, null>): Promise<void> => {
    await submit(ledger, { steps: () => ({ steps, records }), event: undefined, actor: serverActor });
  };
  // Deleted attributes keep their values until they are restored, so that these go with their entities.
  for (const id of [...ledger.deletedAttrs.keys()]) await run([['restore-attr', id]]).catch(() => undefined);
  for (let left = entitiesOf(app); left.length > 0; left = entitiesOf(app)) {
    await run(left.slice(0, atOnce).map(([id, etype]) => ['delete-entity', id, etype]));
  }
  const own = ledger.db.attrs.list.filter(({ isSystem }) => !isSystem);
  const names = [...ledger.records.keys()].filter((name) => !kept.has(name));
  await run(
    own.map(({ id }) => ['delete-attr', id]),
    Object.fromEntries(names.map((name) => [name, null])),
  );
  await app.close();
  // Until then, the log tells what there was.
  const log = await reopen();
  await log.compact({ ...replay(await log.load()), events: [] });
}

function entitiesOf({ ledger: { db } }: App): (readonly [id: string, etype: string])[] {
  const etypes = new Set(db.attrs.list.map(({ etype }) => etype));
  return [...etypes].flatMap((etype) => {
    const idAttr = db.attrs.idAttr(etype);
    return [...db.rows(etype)].flatMap((row) => (row.exists(idAttr) ? [[row.id, etype] as const] : []));
  });
}
