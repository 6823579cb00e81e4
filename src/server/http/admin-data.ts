// An admin's questions and writes: `/admin/query`, `/admin/transact`, and who is in a room.

import { Hono } from 'hono';
import { Store } from '../../db/store.ts';
import type { Peer } from '../../protocol/server-message.ts';
import type { WireQuery } from '../../protocol/query-messages.ts';
import { compile } from '../../query/compile.ts';
import { answerQuery } from '../../query/evidence.ts';
import { evaluate } from '../../query/run.ts';
import type { App } from '../app.ts';
import { readQuery } from '../asked.ts';
import { userOf, userRow } from '../auth/users.ts';
import { withUrls } from '../files/file-entities.ts';
import type { Guard } from '../rules/guard.ts';
import { submit, whenDurable } from '../submit.ts';
import type { Actor } from '../system-rules.ts';
import { asFlag, asObject, asText, bodyOf, optional, required } from './call.ts';
import { adminOf, callerOf } from './caller.ts';
import type { Desk } from './desk.ts';
import { singularLinks } from './singular-links.ts';
import { txSteps } from './steps.ts';

export function adminDataRoutes(desk: Desk): Hono {
  const routes = new Hono();

  routes.post('/query', async (context) => {
    const { app, actor } = await callerOf(context, desk, 'read');
    const body = await bodyOf(context);
    const query = required(body, 'query', asObject);
    const isInferred = optional(body, 'inference?', asFlag) ?? false;
    return context.json(await whenDurable(app.ledger, () => treeOf(app, query, { actor, isInferred, guard: app.rulebook.guard })));
  });

  routes.post('/transact', async (context) => {
    const { app, actor } = await callerOf(context, desk, 'write');
    const body = await bodyOf(context);
    const given = required(body, 'steps', (steps) => steps);
    const areMissingAttrsRefused = optional(body, 'throw-on-missing-attrs?', asFlag) ?? false;
    const steps = ({ db }: { db: Store }) => ({ steps: txSteps(given, { attrs: db.attrs, uuid: desk.uuid, areMissingAttrsRefused }) });
    return context.json({ 'tx-id': await submit(app.ledger, { steps, event: undefined, actor }) });
  });

  routes.get('/rooms/presence', async (context) => {
    const app = await adminOf(context, desk, 'read');
    required(context.req.query(), 'room-type', asText, 'params');
    const peers = app.rooms.peers(required(context.req.query(), 'room-id', asText, 'params'));
    const sessions = peers?.map((peer): readonly [string, Peer] => [peer['peer-id'] ?? '', withUser(peer, app)]);
    return context.json({ sessions: sessions ? Object.fromEntries(sessions) : null });
  });

  return routes;
}

export interface TreeOptions {
  readonly actor: Actor;
  /** Links that have one end are one object. */
  readonly isInferred: boolean;
  readonly guard: Guard;
}

/** @throws InstantAPIError */
export function treeOf(
  { ledger: { db } }: App,
  query: WireQuery,
  { actor, isInferred, guard }: TreeOptions,
): Readonly<Record<string, unknown>> {
  const { compiled, visible } = readQuery(query, 'tree', actor, db.attrs, guard);
  const found = answerQuery(compiled, db, { visible });
  const seen = new Store(db.attrs);
  seen.load(withUrls(found.triples, guard.fileUrl));
  const shaped = isInferred ? compile(query, db.attrs, { singular: singularLinks(db.attrs) }) : compiled;
  return evaluate(shaped, seen, found).data;
}

function withUser(peer: Peer, { id, ledger: { db } }: App): Peer {
  const row = peer.user ? userRow(db, peer.user.id) : undefined;
  return row ? { ...peer, user: userOf(db, row, id) } : peer;
}
