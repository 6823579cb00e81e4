// Ephemeral apps (`/dash/apps/ephemeral`), which tests and examples create, and the attribute listing for tools.

import { type Context, Hono } from 'hono';
import { newToken } from '../auth/secrets.ts';
import { whenDurable } from '../data/submit.ts';
import { denied, recordNotFound, rejection } from '../errors.ts';
import type { App } from '../session/app.ts';
import { appRecordOf } from '../session/app-record.ts';
import { shownApp } from './app-view.ts';
import { networkOf } from '../client-address.ts';
import { Bucket } from '../rules/rate-limits.ts';
import { addressOf, adminOf, toolApp } from './caller.ts';
import type { HttpContext } from './context.ts';
import { malformed } from './errors.ts';
import { asObject, asStatus, asTitle, asUuid, bodyOf, optional, required } from './request.ts';
import { schemaOf } from './schema-view.ts';

const lifetimeMs = 14 * 24 * 3_600_000;
const hourly = (capacity: number) => ({
  capacity: Math.max(1, capacity),
  amount: Math.max(1, capacity),
  periodMs: 3_600_000,
  isGreedy: false,
});

export function appRoutes(http: HttpContext): Hono {
  const routes = new Hono();

  // Anybody may create one, so the number per address is limited.
  const countOne = async (network: string): Promise<void> => {
    const making = new Bucket([hourly(http.limits.ephemeralApps)], http.clock, await http.hub.registry.spending(), 'ephemeral apps');
    await Bucket.take([[making, network]]);
  };
  routes.post('/dash/apps/ephemeral', async (context) => {
    if (http.limits.ephemeralApps === 0) throw denied('apps', 'this server makes no apps for a while');
    const body = await bodyOf(context);
    const title = required(body, 'title', asTitle);
    const schema = optional(body, 'schema', asObject);
    const rules = optional(body, 'rules', asObject)?.code ?? undefined;
    await countOne(networkOf(addressOf(context, http).ip));
    // Room for new ones, as long as any are made.
    void http.hub.removeExpired().catch((error: unknown) => http.log.error('apps whose time is over could not be erased', error));
    const [token, expiresAt] = [newToken(), http.clock.now() + lifetimeMs];
    const app = await http.hub.createApp({ id: http.uuid(), token, title, expiresAt, schema, rules });
    return context.json({ app: { ...shownApp(app), 'admin-token': token }, expires_ms: expiresAt });
  });

  routes.get('/dash/apps/ephemeral/:app', async (context) => {
    const app = await ephemeralApp(context, http);
    return context.json({ app: shownApp(app), expires_ms: expiryOf(app) });
  });

  routes.post('/dash/apps/ephemeral/:app/status', async (context) => {
    const body = await bodyOf(context);
    const token = required(body, 'admin-token', asUuid);
    const status = required(body, 'status', asStatus);
    const app = await ephemeralApp(context, http);
    if (!(await http.hub.isAdminOf(app.id, token))) throw recordNotFound('app-admin-token', { 'app-id': app.id });
    await app.setStatus(status);
    return context.json({ status });
  });

  routes.get('/admin/schema', async (context) => {
    const app = await adminOf(context, http);
    const { blobs, refs } = await whenDurable(app.ledger, () => schemaOf(app.ledger.db.attrs).schema);
    const byName = Object.values(refs).map((attr) => {
      const [, etype, label] = attr['forward-identity'];
      const [, back = '', backLabel = ''] = attr['reverse-identity'] ?? [];
      return [[etype, label, back, backLabel].join('-'), attr] as const;
    });
    return context.json({ schema: { blobs, refs: Object.fromEntries(byName) } });
  });

  const deletedAttrs = (app: App): Promise<object> =>
    whenDurable(app.ledger, () => ({ attrs: [...app.ledger.deletedAttrs.values()], 'grace-period-days': 2 }));
  routes.get('/admin/soft_deleted_attrs', async (context) => context.json(await deletedAttrs(await adminOf(context, http))));
  routes.get('/dash/apps/:app/soft_deleted_attrs', async (context) => context.json(await deletedAttrs(await toolApp(context, http))));

  return routes;
}

async function ephemeralApp(context: Context, http: HttpContext): Promise<App> {
  const id = asUuid(context.req.param('app'));
  if (id === undefined) throw malformed(['params', 'app_id'], context.req.param('app'));
  const app = await http.hub.app(id);
  if (expiryOf(app) !== undefined) return app;
  const hint = { input: id, expected: 'ephemeral-app?' };
  throw rejection('permission-denied', 'Permission denied: not ephemeral-app?', hint);
}

const expiryOf = (app: App): number | undefined => appRecordOf(app.ledger.records)?.expiresAt;
