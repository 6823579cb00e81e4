// Operator actions of tools: apps created, listed, renamed and deleted, and personal access tokens. There are no personal accounts: to a
// tool that logs in, the operator is the only user.

import { type Context, Hono } from 'hono';
import { newToken } from '../auth/secrets.ts';
import { whenDurable } from '../data/submit.ts';
import { invalid, recordNotFound } from '../errors.ts';
import { templateOf } from '../mail/email-template.ts';
import { rulesVersionOf } from '../rules/rulebook.ts';
import type { App } from '../session/app.ts';
import { changeRecord } from '../session/app-record.ts';
import { clearApp } from '../session/erase-app.ts';
import type { AccessToken } from '../session/registry.ts';
import { operatorId, shownApp } from './app-view.ts';
import { requireOperator, requireOperatorToken, toolApp } from './caller.ts';
import type { HttpContext } from './context.ts';
import { malformed } from './errors.ts';
import { notBuiltRoutes } from './not-built-routes.ts';
import { asObject, asStatus, asText, asTitle, asUuid, bodyOf, type Fields, optional, required } from './request.ts';
import { schemaOf } from './schema-view.ts';
import { webhooksOf } from '../webhooks/webhook.ts';
import { shownWebhook } from './webhook-routes.ts';

const operator = { id: operatorId, email: 'operator@triplane.local' };
const maxCodeMinutes = 24 * 60;
/** What a host that closes in stages says of itself. */
const noSunset = { stage: 'none', 'app-creation-allowed': true, 'billing-closed': false, 'paid-features-free': false };

export function operatorRoutes(http: HttpContext): Hono {
  const routes = new Hono();
  const { hub } = http;

  routes.get('/dash/me', async (context) => {
    await requireOperator(context, hub);
    return context.json({ user: { ...operator, created_at: '1970-01-01T00:00:00Z', google_sub: null } });
  });

  routes.get('/dash', async (context) => {
    await requireOperator(context, hub);
    const apps = (await appsOf(http)).map((app) => ({
      ...shownApp(app),
      ...{ admin_token: hub.tokenOf(app.id) ?? null, effective_status: app.status, rules: app.rulebook.json ?? null },
      ...{ rules_version: rulesVersionOf(app.ledger.records), magic_code_email_template: templateOf(app.ledger.records) ?? null },
      ...{ webhooks: webhooksOf(app.ledger.records).map(shownWebhook) },
      ...{ invites: [], members: [], org: null, pro: false, user_app_role: 'owner' },
    }));
    return context.json({ apps, invites: [], orgs: [], profile: null, sunset: noSunset, superuser: false, user: operator });
  });

  routes.post('/dash/apps', async (context) => {
    await requireOperator(context, hub);
    const body = await bodyOf(context);
    const title = required(body, 'title', asTitle);
    const [id, token] = [required(body, 'id', asUuid), required(body, 'admin_token', asUuid)];
    checkOrg(body);
    const schema = optional(body, 'schema', asObject);
    const rules = optional(body, 'rules', asObject)?.code ?? undefined;
    const app = await hub.createApp({ id, token, title, schema, rules });
    return context.json({ app: { ...shownApp(app), 'admin-token': token } });
  });

  routes.post('/superadmin/apps', async (context) => {
    await requireOperator(context, hub);
    const body = await bodyOf(context);
    const title = required(body, 'title', asTitle);
    checkOrg(body);
    const [schema, perms] = [optional(body, 'schema', asObject), optional(body, 'perms', asObject)];
    const token = newToken();
    const app = await hub.createApp({ id: http.uuid(), token, title, schema, rules: perms });
    return context.json({ app: { ...shownApp(app), ...(await contentOf(app, ['schema', 'perms'])), 'admin-token': token } });
  });

  for (const path of ['/dash/apps', '/superadmin/apps']) {
    routes.get(path, async (context) => {
      await requireOperator(context, hub);
      const parts = (context.req.query('include') ?? '').split(',');
      const apps = await appsOf(http);
      return context.json({ apps: await Promise.all(apps.map(async (app) => ({ ...shownApp(app), ...(await contentOf(app, parts)) }))) });
    });
  }

  const rename = async (context: Context, app: App): Promise<void> => {
    await changeRecord(app, { title: required(await bodyOf(context), 'title', asTitle) });
  };
  routes.post('/superadmin/apps/:app', async (context) => {
    const app = await toolApp(context, http);
    await rename(context, app);
    return context.json({ app: shownApp(app) });
  });
  routes.post('/dash/apps/:app/rename', async (context) => {
    await rename(context, await operatorsApp(context, http));
    return context.json({});
  });

  routes.post('/dash/apps/:app/set-magic-code-expiry', async (context) => {
    const app = await operatorsApp(context, http);
    const given = required(await bodyOf(context), 'expiry', (value) => (typeof value === 'number' ? value : undefined));
    const codeMinutes = Math.trunc(given);
    if (codeMinutes < 1 || codeMinutes > maxCodeMinutes) {
      const message = `The magic code expiry must be from 1 to ${maxCodeMinutes} minutes`;
      throw invalid('app', { 'magic-token-expiry-minutes': given }, [{ message }]);
    }
    await changeRecord(app, { codeMinutes });
    return context.json({ app: shownApp(app) });
  });

  routes.post('/dash/apps/:app/status', async (context) => {
    const app = await operatorsApp(context, http);
    await app.setStatus(required(await bodyOf(context), 'status', asStatus));
    return context.json({ status: app.status });
  });

  // Tools report where an app was created; this is not recorded.
  routes.post('/dash/apps/:app/track-import', (context) => context.json({ ok: true }));

  routes.post('/dash/apps/:app/tokens', async (context) => {
    const app = await operatorsApp(context, http);
    const token = required(await bodyOf(context), 'admin-token', asUuid);
    await hub.setAdminToken(app.id, token);
    return context.json({ app_id: app.id, token, created_at: new Date(http.clock.now()).toISOString() });
  });

  routes.post('/dash/apps/:app/clear', async (context) => {
    await clearApp(await operatorsApp(context, http));
    return context.json({ ok: true });
  });

  routes.delete('/dash/apps/:app', async (context) => {
    await hub.deleteApp((await operatorsApp(context, http)).id);
    return context.json({ ok: true });
  });
  routes.delete('/superadmin/apps/:app', async (context) => {
    return context.json({ app: shownApp(await hub.deleteApp((await operatorsApp(context, http)).id)) });
  });

  routes.get('/dash/personal_access_tokens', async (context) => {
    requireOperatorToken(context, hub);
    return context.json({ data: (await hub.registry.accessTokens()).map(shownToken) });
  });
  routes.post('/dash/personal_access_tokens', async (context) => {
    requireOperatorToken(context, hub);
    const { token, ...made } = await hub.registry.createAccessToken(required(await bodyOf(context), 'name', asText), http.clock.now());
    return context.json({ data: { ...shownToken(made), token } });
  });
  routes.delete('/dash/personal_access_tokens/:id', async (context) => {
    requireOperatorToken(context, hub);
    const id = asUuid(context.req.param('id'));
    if (id === undefined) throw malformed(['params', 'id'], context.req.param('id'));
    await hub.registry.deleteAccessToken(id);
    return context.json({});
  });

  routes.route('/', notBuiltRoutes());
  return routes;
}

/** There are no organisations, so every one is unknown. @throws InstantAPIError */
function checkOrg(body: Fields): void {
  const org = optional(body, 'org_id', asUuid);
  if (org !== undefined) throw recordNotFound('org', { 'org-id': org, 'user-id': operatorId });
}

/** The app in the path. @throws InstantAPIError */
async function operatorsApp(context: Context, { hub }: HttpContext): Promise<App> {
  const id = asUuid(context.req.param('app'));
  if (id === undefined) throw malformed(['params', 'app_id'], context.req.param('app'));
  await requireOperator(context, hub);
  return hub.app(id);
}

/** All existing apps: neither deleted nor expired. */
async function appsOf({ hub }: HttpContext): Promise<readonly App[]> {
  const apps = await Promise.all((await hub.appIds()).map((id) => hub.app(id).catch(() => undefined)));
  return apps.filter((app) => app !== undefined);
}

async function contentOf(app: App, parts: readonly string[]): Promise<object> {
  const schema = parts.includes('schema') && (await whenDurable(app.ledger, () => schemaOf(app.ledger.db.attrs).schema));
  return { ...(schema && { schema }), ...(parts.includes('perms') && { perms: app.rulebook.json ?? null }) };
}

function shownToken({ id, name, createdAt }: AccessToken): object {
  return { id, name, user_id: operator.id, created_at: new Date(createdAt).toISOString() };
}
