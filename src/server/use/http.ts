// The server over HTTP: every route under its path, CORS for all of them, and every failure as JSON. Requests as the platform
// knows them, so any host can serve them.

import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { cors } from 'hono/cors';
import { isObject } from '../../protocol/check.ts';
import { ownVersion } from '../../protocol/version.ts';
import { adminDataRoutes } from '../http/admin-data.ts';
import { adminStreamRoutes } from '../http/admin-stream-routes.ts';
import { adminUserRoutes } from '../http/admin-users.ts';
import { authRoutes } from '../http/auth-routes.ts';
import { debugRoutes } from '../http/debug-routes.ts';
import { Desk, type DeskConfig } from '../http/desk.ts';
import { fileRoutes } from '../http/file-routes.ts';
import { frameworkRoutes } from '../http/framework-routes.ts';
import { EventSessions } from '../http/event-sessions.ts';
import { errorAnswer } from '../http/refusals.ts';
import { schemaRoutes } from '../http/schema-routes.ts';
import { sseRoutes } from '../http/sse-routes.ts';
import { statusPage } from '../http/status-page.ts';

const isUpload = /^\/(admin\/)?storage\/(upload|[^/]+\/consume-upload-url)$/;

export function httpRoutes(config: DeskConfig): Hono {
  const desk = new Desk(config);
  const routes = new Hono();
  routes.use('*', cors({ origin: (origin) => origin || '*', allowMethods: ['GET', 'PUT', 'POST', 'DELETE'], maxAge: 600 }));
  routes.use('*', async (context, next) => {
    await next();
    if (context.req.method === 'OPTIONS') context.header('cache-control', 'public, max-age=600');
  });
  const tooLarge = { type: 'param-malformed', message: `A body may have ${desk.limits.frameBytes} bytes`, hint: { in: ['body'] } };
  const limited = bodyLimit({ maxSize: desk.limits.frameBytes, onError: (context) => context.json(tooLarge, 413) });
  // Files have a limit of their own, and are never held in memory.
  routes.use('*', (context, next) => (isUpload.test(context.req.path) ? next() : limited(context, next)));
  routes.get('/health', (context) => context.json({ status: 'ok', version: ownVersion }));
  routes.get('/', (context) => context.html(statusPage(desk)));
  const sessions = new EventSessions(desk);
  routes.route('/runtime/sse', sseRoutes(sessions));
  routes.route('/admin', adminStreamRoutes(desk, sessions));
  routes.route('/runtime', authRoutes(desk));
  routes.route('/runtime', frameworkRoutes(desk));
  routes.route('/admin', adminDataRoutes(desk));
  routes.route('/admin', adminUserRoutes(desk));
  routes.route('/admin', debugRoutes(desk));
  routes.route('/', fileRoutes(desk));
  routes.route('/', schemaRoutes(desk));
  routes.notFound((context) => context.json({ message: `There is nothing at ${context.req.path}` }, 404));
  routes.onError((error, context) => {
    const { status, body } = errorAnswer(error, desk.log);
    const wait = isObject(body.hint) ? body.hint['retry-after'] : undefined;
    return context.json(body, status, typeof wait === 'number' ? { 'retry-after': String(wait) } : {});
  });
  return routes;
}
