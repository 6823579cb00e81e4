// The HTTP side of the server: all routes by path, CORS, and errors as JSON. Works on platform Request and Response objects, so any host
// can serve it.

import { Hono, type MiddlewareHandler } from 'hono';
import { cors } from 'hono/cors';
import { networkOf } from '../client-address.ts';
import { isObject } from '../../lib/json.ts';
import { isOpenedLocally } from '../origins.ts';
import { ownVersion } from '../../protocol/version.ts';
import { adminDataRoutes } from './admin-data.ts';
import { adminStreamRoutes } from './admin-stream-routes.ts';
import { adminUserRoutes } from './admin-users.ts';
import { appBackupRoutes } from './app-backup-routes.ts';
import { appRoutes } from './app-routes.ts';
import { authRoutes } from './auth-routes.ts';
import { backupRoutes } from './backup-routes.ts';
import { bodyLimit } from './body-limit.ts';
import { cliLoginRoutes } from './cli-login-routes.ts';
import { debugRoutes } from './debug-routes.ts';
import { addressOf, httpVersionOf, remoteAddressOf } from './caller.ts';
import { HttpContext, type HttpConfig } from './context.ts';
import { emailRoutes } from './email-routes.ts';
import { fileRoutes } from './file-routes.ts';
import { frameworkRoutes } from './framework-routes.ts';
import { EventSessions } from './event-sessions.ts';
import { errorResponse } from './errors.ts';
import { LargeBodies } from './large-bodies.ts';
import { metricsRoutes } from './metrics-routes.ts';
import { ruleErrorsHeader } from './rule-errors.ts';
import { operatorRoutes } from './operator-routes.ts';
import { oauthConfigRoutes } from './oauth-config-routes.ts';
import { oauthRoutes } from './oauth-routes.ts';
import { parseWorkLimit } from './request.ts';
import { schemaRoutes } from './schema-routes.ts';
import { sseRoutes } from './sse-routes.ts';
import { statusPage } from './status-page.ts';
import { webhookRoutes } from './webhook-routes.ts';

/** Not framed, not cached. */
const pageHeaders = { 'x-frame-options': 'DENY', 'content-security-policy': "frame-ancestors 'none'", 'cache-control': 'no-store' };
/** The server's own pages, which are protected by themselves, and where Apple sends the answers of its own page. */
const fromAnywhere: ReadonlySet<string> = new Set(['/', '/dash/cli/login', '/runtime/oauth/callback']);
const foreignPage = { type: 'permission-denied', message: 'Pages of this origin may not use this server', hint: null };
const isUpload = /^\/((admin|dash\/apps\/[^/]+)\/)?storage\/(upload|[^/]+\/consume-upload-url)$/;

export function httpRoutes(config: HttpConfig): Hono {
  const http = new HttpContext(config);
  const routes = new Hono();
  const allowed = (origin: string): string | undefined => (!origin ? '*' : http.allowsOrigin(origin) ? origin : undefined);
  const allowOrigin = cors({
    origin: allowed,
    allowMethods: ['GET', 'PUT', 'POST', 'DELETE'],
    exposeHeaders: [ruleErrorsHeader],
    maxAge: 600,
  });
  // The server's own page is not readable by scripts of other origins.
  routes.use('*', (context, next) => (context.req.path === '/' ? next() : allowOrigin(context as never, next)));
  routes.use('*', async (context, next) => {
    await next();
    if (context.req.method === 'OPTIONS') context.header('cache-control', 'public, max-age=600');
    // Stored content must not be interpreted as a page or a script.
    context.header('x-content-type-options', 'nosniff');
    const isFile = context.req.path.startsWith('/storage/f/');
    if (!isFile && context.res.headers.get('content-type') === 'application/json')
      context.header('content-type', 'application/json; charset=utf-8');
  });
  routes.use('*', refuseOrigins(http));
  routes.use('*', parseWorkLimit(http.limits.parseWork));
  const limited = bodyLimit({
    maxBytes: http.limits.frameBytes,
    incoming: http.incoming,
    largeBodies: new LargeBodies(http.limits.frameBytes, http.clock),
    networkOf: (context) => networkOf(addressOf(context, http).ip),
  });
  // Files have a limit of their own and are streamed.
  const limitBody: MiddlewareHandler = (context, next) => (isUpload.test(context.req.path) ? next() : limited(context, next));
  routes.use('*', limitBody);
  routes.get('/health', (context) => context.json({ status: 'ok', version: ownVersion }));
  routes.get('/', (context) => {
    const isLocal = isOpenedLocally({
      remote: http.clientAddress(remoteAddressOf(context), undefined),
      httpVersion: httpVersionOf(context),
      headers: context.req.raw.headers,
    });
    return context.html(statusPage(http, http.isShown && isLocal), 200, pageHeaders);
  });
  const sessions = new EventSessions(http);
  routes.route('/runtime/sse', sseRoutes(sessions));
  routes.route('/admin', adminStreamRoutes(http, sessions));
  routes.route('/runtime', authRoutes(http));
  routes.route('/runtime', frameworkRoutes(http));
  routes.route('/runtime', oauthRoutes(http));
  routes.route('/admin', adminDataRoutes(http));
  routes.route('/admin', adminUserRoutes(http));
  routes.route('/admin', debugRoutes(http));
  routes.route('/', appRoutes(http));
  routes.route('/', cliLoginRoutes(http));
  routes.route('/', emailRoutes(http));
  routes.route('/', operatorRoutes(http));
  routes.route('/', metricsRoutes(http));
  routes.route('/admin', backupRoutes(http));
  if (config.backups) routes.route('/', appBackupRoutes(http, config.backups));
  routes.route('/', fileRoutes(http));
  routes.route('/', oauthConfigRoutes(http));
  routes.route('/', schemaRoutes(http));
  routes.route('/', webhookRoutes(http));
  routes.notFound((context) => context.json({ message: `There is nothing at ${context.req.path}` }, 404));
  routes.onError((error, context) => {
    const { status, body } = errorResponse(error, http.log);
    const wait = isObject(body.hint) ? body.hint['retry-after'] : undefined;
    return context.json(body, status, typeof wait === 'number' ? { 'retry-after': String(wait) } : {});
  });
  return routes;
}

/** CORS keeps pages from reading answers; some requests they may send without asking. */
function refuseOrigins({ allowsOrigin }: HttpContext): MiddlewareHandler {
  return async (context, next) => {
    const origin = context.req.header('origin');
    const isAllowed = origin === undefined || fromAnywhere.has(context.req.path) || allowsOrigin(origin);
    return isAllowed ? next() : context.json(foreignPage, 403);
  };
}
