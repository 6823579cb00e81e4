// Event streams for admins and for users an admin impersonates: one live query (`/admin/subscribe-query`), or a whole session
// (`/admin/sse`) whose messages are pushed separately. Authenticated by headers, without `init`.

import { Hono } from 'hono';
import { isObject } from '../../lib/json.ts';
import { watch } from '../session/handle.ts';
import type { SessionContext } from '../session/session-context.ts';
import type { Session } from '../session/session.ts';
import { whenDurable } from '../data/submit.ts';
import { asFlag, asObject, bodyOf, type Fields, optional, required } from './request.ts';
import { appIdOf, type RequestActor, actorOf } from './caller.ts';
import type { HttpContext } from './context.ts';
import type { EventSessions } from './event-sessions.ts';

/** The retry interval the original sends. */
const retryMs = 500;

export function adminStreamRoutes(desk: HttpContext, sessions: EventSessions): Hono {
  const routes = new Hono();

  routes.post('/subscribe-query', async (context) => {
    const caller = await actorOf(context, desk);
    const body = await bodyOf(context);
    const q = required(body, 'query', asObject);
    const shape = optional(body, 'inference?', asAnyFlag) ? 'inferred-tree' : 'tree';
    const message = { op: 'add-query', 'client-event-id': desk.uuid(), q, 'return-type': 'tree' } as const;
    await whenDurable(caller.app.ledger, () => undefined);
    return sessions.open(context, {
      retryMs,
      opened: (session) => {
        const here = enter(session, caller, body);
        if (here) session.run(message, () => watch(message, here, shape));
      },
    });
  });

  routes.post('/sse', async (context) => {
    const caller = await actorOf(context, desk);
    const body = await bodyOf(context);
    await whenDurable(caller.app.ledger, () => undefined);
    return sessions.open(context, { retryMs, opened: (session) => void enter(session, caller, body) });
  });

  routes.post('/sse/push', (context) => {
    appIdOf(context);
    return sessions.push(context);
  });

  return routes;
}

function enter(session: Session, { app, actor, user, tokenHash }: RequestActor, { versions }: Fields): SessionContext | undefined {
  return session.openAs({ app, user, tokenHash, isAdmin: actor.isAdmin }, isObject(versions) ? versions : undefined);
}

/** An invalid flag counts as missing. */
const asAnyFlag = (given: unknown): boolean => asFlag(given) ?? false;
