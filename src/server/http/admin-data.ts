// Admin queries and writes (`/admin/query`, `/admin/transact`) and room presence.

import { Hono } from 'hono';

import type { Actor } from '../data/system-rules.ts';
import type { App } from '../session/app.ts';
import type { Guard } from '../rules/guard.ts';
import type { RuleFaults } from '../rules/rule-faults.ts';
import type { HttpContext } from './context.ts';
import type { Peer } from '../../protocol/server-message.ts';
import type { WireQuery } from '../../protocol/query-messages.ts';
import type { LedgerState, Planning } from '../data/write.ts';
import { adminOf, actorOf, leftSignal } from './caller.ts';
import { asObject, asSteps, asText, asYes, bodyOf, optional, required } from './request.ts';
import { bodyInParts } from './body-in-parts.ts';
import { streamed } from './streamed-answers.ts';
import { answerTree, type JsonText } from '../queries/results.ts';
import { planRecordWrites, withRecordAttrs, writesRecords } from '../move/record-writes.ts';
import { withRecordRows } from '../move/record-view.ts';
import { ruleErrorHeaders } from './rule-errors.ts';
import { prepareQuery } from '../queries/prepared-query.ts';
import { submit } from '../data/submit.ts';
import { isObject } from '../../lib/json.ts';
import { overLimit } from '../errors.ts';
import { stepLimit } from '../limits.ts';
import { txSteps } from './admin-steps.ts';
import { userOf, userRow } from '../auth/users.ts';

export function adminDataRoutes(http: HttpContext): Hono {
  const routes = new Hono();

  routes.post('/query', async (context) => {
    const { app, actor } = await actorOf(context, http, 'read');
    const body = await bodyOf(context, actor);
    const query = required(body, 'query', asObject);
    const isInferred = optional(body, 'inference?', asYes) ?? false;
    const { text, faults } = await treeOf(app, query, { actor, isInferred, guard: app.rulebook.guard, left: leftSignal(context) });
    const headers = { ...ruleErrorHeaders(faults), 'content-type': 'application/json' };
    return context.body(streamed(context, http, bodyInParts(text.parts, http.unread)), 200, headers);
  });

  routes.post('/transact', async (context) => {
    const { app, actor } = await actorOf(context, http, 'write');
    const body = await bodyOf(context, actor);
    const given = required(body, 'steps', asSteps);
    const areMissingAttrsRejected = optional(body, 'throw-on-missing-attrs?', asYes) ?? false;
    const [size, maxSteps] = [sizeOf(given), stepLimit(http.limits, actor.isAdmin)];
    if (!actor.isAdmin && size > maxSteps) throw overLimit('steps', maxSteps, 'steps of a transaction');
    const isAboutRecords = actor.isAdmin && Array.isArray(given) && writesRecords(given);
    const steps = function* (state: LedgerState): Planning {
      const attrs = isAboutRecords ? withRecordAttrs(state.db.attrs) : state.db.attrs;
      const made = yield* txSteps(given, { attrs, uuid: http.uuid, areMissingAttrsRejected });
      return isAboutRecords ? planRecordWrites(made, state) : { steps: made };
    };
    return context.json({ 'tx-id': await submit(app.ledger, { steps, event: undefined, actor, size }) });
  });

  routes.get('/rooms/presence', async (context) => {
    const app = await adminOf(context, http);
    required(context.req.query(), 'room-type', asText, 'params');
    const peers = app.rooms.peers(required(context.req.query(), 'room-id', asText, 'params'));
    const sessions = peers?.map((peer): readonly [string, Peer] => [peer['peer-id'] ?? '', withUser(peer, app)]);
    return context.json({ sessions: sessions ? Object.fromEntries(sessions) : null });
  });

  return routes;
}

/** The steps it becomes, about: one per step, field and target of a link. */
function sizeOf(steps: object): number {
  if (!Array.isArray(steps)) return 1;
  return steps.reduce<number>((size, step) => {
    const [action, , , fields] = Array.isArray(step) ? (step as unknown[]) : [];
    if (!isObject(fields)) return size + 1;
    const isLinking = action === 'link' || action === 'unlink';
    return Object.values(fields).reduce<number>((sum, value) => sum + (isLinking && Array.isArray(value) ? value.length : 1), size + 1);
  }, 0);
}

export interface TreeOptions {
  readonly actor: Actor;
  /** Has-one links become objects. */
  readonly isInferred: boolean;
  readonly guard: Guard;
  /** The client does not wait any longer. */
  readonly left?: AbortSignal | undefined;
}

export interface TreeResult {
  readonly text: JsonText;
  readonly faults: RuleFaults;
}

/** Rejects with InstantAPIError. `faults` are for the caller to tell. */
export async function treeOf(app: App, query: WireQuery, { actor, isInferred, guard, left }: TreeOptions): Promise<TreeResult> {
  const { limits, ledger } = app;
  return app.reader.evaluate(
    actor,
    function* (data) {
      const db = yield* withRecordRows(data, query, { actor, records: ledger.records });
      const prepared = prepareQuery(query, isInferred ? 'inferred-tree' : 'tree', actor, db.attrs, guard, limits);
      return yield* answerTree(prepared, db, limits.resultLength);
    },
    left,
  );
}

function withUser(peer: Peer, { id, ledger: { db } }: App): Peer {
  const row = peer.user ? userRow(db, peer.user.id) : undefined;
  return row ? { ...peer, user: userOf(db, row, id) } : peer;
}
