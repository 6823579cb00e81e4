// The session protocol over server-sent events: `/runtime/sse`.

import { Hono } from 'hono';
import { asUuid, required } from './request.ts';
import type { EventSessions } from './event-sessions.ts';

export function sseRoutes(sessions: EventSessions): Hono {
  const routes = new Hono();

  routes.get('/', async (context) => {
    await sessions.listenFor(required(context.req.query(), 'app_id', asUuid, 'params'));
    return sessions.open(context);
  });

  routes.post('/', (context) => sessions.push(context));

  return routes;
}
