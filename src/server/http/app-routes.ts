// Apps for a while (`/dash/apps/ephemeral`), which tests and examples make for themselves; and what tools read of an app's attributes.

import { type Context, Hono } from 'hono';
import { newToken } from '../auth/secrets.ts';
import { submit, whenDurable } from '../data/submit.ts';
import { denied, rejection } from '../errors.ts';
import type { App } from '../session/app.ts';
import { appRecord, appRecordOf } from '../session/app-record.ts';
import { shownApp } from './app-view.ts';
import { adminOf } from './caller.ts';
import type { HttpContext } from './context.ts';
import { malformed, notFound } from './errors.ts';
import { asObject, asText, asUuid, bodyOf, optional, required } from './request.ts';
import { planSchema } from './schema-plan.ts';
import { schemaOf } from './schema-view.ts';
import { toolApp } from './schema-routes.ts';

const lifetimeMs = 14 * 24 * 3_600_000;
const server = { userId: undefined, isAdmin: true, isServer: true };
const statuses = ['active', 'read-only', 'disabled'] as const;

export function appRoutes(http: HttpContext): Hono {
  const routes = new Hono();

  routes.post('/dash/apps/ephemeral', async (context) => {
    if (!http.hub.createsApps) throw denied('apps', 'this server makes no apps');
    const body = await bodyOf(context);
    const title = required(body, 'title', (given) => asText(typeof given === 'number' ? String(given) : given));
    const schema = optional(body, 'schema', asObject);
    const rules = optional(body, 'rules', asObject)?.code ?? undefined;
    const now = http.clock.now();
    const [id, token] = [http.uuid(), newToken()];
    const app = await http.hub.app(id);
    // The token last: until there is one, nobody has the app.
    if (schema !== undefined) {
      const steps = planSchema(schema, app.ledger.db.attrs, http.uuid);
      await submit(app.ledger, { steps, event: undefined, actor: { userId: undefined, isAdmin: true } });
    }
    if (rules !== undefined) await app.rulebook.set(app.ledger, rules);
    const records = appRecord({ title, createdAt: now, expiresAt: now + lifetimeMs }, token);
    await submit(app.ledger, { steps: () => ({ steps: [], records }), event: undefined, actor: server });
    return context.json({ app: { ...shownApp(app), 'admin-token': token }, expires_ms: now + lifetimeMs });
  });

  routes.get('/dash/apps/ephemeral/:app', async (context) => {
    const app = await ephemeralApp(context, http);
    return context.json({ app: shownApp(app), expires_ms: expiryOf(app) });
  });

  routes.post('/dash/apps/ephemeral/:app/status', async (context) => {
    const body = await bodyOf(context);
    const token = required(body, 'admin-token', asUuid);
    const status = required(body, 'status', (given) => statuses.find((each) => each === given));
    const app = await ephemeralApp(context, http);
    if (!(await http.hub.isAdminOf(app.id, token))) throw notFound('app-admin-token');
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
  if (id === undefined) throw malformed(['params', 'app_id']);
  if (!(await http.hub.isKnown(id))) throw rejection('record-not-found', 'Record not found: app', { args: [{ id }], 'record-type': 'app' });
  const app = await http.hub.app(id);
  if (expiryOf(app) !== undefined) return app;
  const hint = { input: id, expected: 'ephemeral-app?' };
  throw rejection('permission-denied', 'Permission denied: not ephemeral-app?', hint);
}

const expiryOf = (app: App): number | undefined => appRecordOf(app.ledger.records)?.expiresAt;
