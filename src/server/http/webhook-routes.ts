// Webhooks over HTTP: management by admins and tools, and payloads for receivers, who authenticate with the token they were sent.

import { positionOf } from '../queries/refresh.ts';
import { type Context, Hono } from 'hono';
import { whenDurable } from '../data/submit.ts';
import { invalid } from '../errors.ts';
import { targetFault } from '../outbound.ts';
import { repeatable } from '../repeatable.ts';
import type { App } from '../session/app.ts';
import { WebhookSettings, type WebhookFields } from '../webhooks/settings.ts';
import {
  changeKey,
  type EntityChange,
  eventKey,
  eventOf,
  txIdIn,
  type Webhook,
  type WebhookEvent,
  webhooksOf,
} from '../webhooks/webhook.ts';
import { toolApp } from './caller.ts';
import type { HttpContext } from './context.ts';
import { malformed } from './errors.ts';
import { asText, asUuid, bodyOf, type Fields, optional, required } from './request.ts';

const path = '/dash/apps/:app/webhooks';
const eventsPerPage = 100;
const noCache = { 'cache-control': 'no-store, private', pragma: 'no-cache', expires: '0', vary: 'Authorization' };

export function webhookRoutes(http: HttpContext): Hono {
  const routes = new Hono();
  const settingsOf = (app: App): WebhookSettings => new WebhookSettings(app.id, app.ledger);

  routes.get(path, async (context) => {
    const app = await toolApp(context, http);
    return context.json({ webhooks: await whenDurable(app.ledger, () => webhooksOf(app.ledger.records).map(shownWebhook)) });
  });

  routes.post(path, async (context) => {
    const app = await toolApp(context, http);
    const body = await bodyOf(context);
    const url = required(body, 'url', asUrl);
    const [namespaces, actions] = [required(body, 'namespaces', asTexts), required(body, 'actions', asTexts)];
    await checkUrl(url, http);
    await http.hub.registry.noteWebhooks(app.id);
    return context.json({ webhook: shownWebhook(await settingsOf(app).create(http.uuid(), { url, namespaces, actions })) });
  });

  routes.post(`${path}/:id`, async (context) => {
    const app = await toolApp(context, http);
    const fields = changesIn(await bodyOf(context));
    if (fields.url !== undefined) await checkUrl(fields.url, http);
    return context.json({ webhook: shownWebhook(await settingsOf(app).update(idIn(context), fields)) });
  });

  routes.delete(`${path}/:id`, async (context) => {
    const app = await toolApp(context, http);
    const id = idIn(context);
    return context.json({ webhook: shownWebhook(await settingsOf(app).delete(id, app.webhooks.eventsOf(id))) });
  });

  routes.post(`${path}/:id/enable`, async (context) => {
    const app = await toolApp(context, http);
    return context.json({ webhook: shownWebhook(await settingsOf(app).enable(idIn(context))) });
  });

  routes.post(`${path}/:id/disable`, async (context) => {
    const app = await toolApp(context, http);
    const reason = optional(await bodyOf(context), 'reason', asText);
    return context.json({ webhook: shownWebhook(await settingsOf(app).disable(idIn(context), reason)) });
  });

  eventRoutes(routes, http, settingsOf);
  payloadRoutes(routes, http, settingsOf);
  return routes;
}

type SettingsOf = (app: App) => WebhookSettings;

function eventRoutes(routes: Hono, http: HttpContext, settingsOf: SettingsOf): void {
  routes.get(`${path}/:id/events`, async (context) => {
    const app = await toolApp(context, http);
    const [id, after] = [idIn(context), cursorIn(context.req.query('after'))];
    const all = await whenDurable(app.ledger, () => app.webhooks.eventsOf(id));
    const rest = after === undefined ? all : all.filter(({ txId }) => txId < after);
    const events = rest.slice(0, eventsPerPage);
    const [startCursor = null, endCursor = null] = [events[0], events.at(-1)].map((event) => (event ? cursorOf(event) : null));
    const pageInfo = { startCursor, endCursor, hasNextPage: rest.length > events.length };
    return context.json({ events: events.map(shownEvent), pageInfo });
  });

  routes.get(`${path}/:id/events/:isn{.+}`, async (context) => {
    const app = await toolApp(context, http);
    const [id, txId] = [idIn(context), placeIn(context)];
    const event = await whenDurable(app.ledger, () => eventOf(app.ledger.records, id, txId));
    if (!event) throw settingsOf(app).notFound('webhook-event', id);
    return context.json({ event: shownEvent(event) });
  });

  routes.post(`${path}/:id/events/:isn{.+}`, async (context) => {
    const app = await toolApp(context, http);
    return context.json({ event: shownEvent(await settingsOf(app).resend(idIn(context), placeIn(context))) });
  });
}

function payloadRoutes(routes: Hono, http: HttpContext, settingsOf: SettingsOf): void {
  routes.get('/.well-known/webhooks/jwks.json', async (context) => context.json((await http.hub.webhooks.signer()).jwks));

  routes.get('/webhooks/payload/:app/:id/:isn{.+}', async (context) => {
    const app = await readerApp(context, http);
    const [id, txId] = [idIn(context), placeIn(context)];
    const { webhook, event } = await whenDurable(app.ledger, () => {
      const { records } = app.ledger;
      return { webhook: webhooksOf(records).find((one) => one.id === id), event: eventOf(records, id, txId) };
    });
    if (!webhook) throw settingsOf(app).notFound('webhook', id);
    if (!event) throw settingsOf(app).notFound('webhook-event', id);
    const { namespaces, actions } = webhook;
    const wanted = event.changes.filter(({ namespace, action }) => namespaces.includes(namespace) && actions.includes(action));
    const data = wanted.map((change) => ({ ...withUrls(change, app), idempotencyKey: changeKey(change, txId) }));
    return context.json({ data, idempotencyKey: eventKey(event) }, 200, noCache);
  });
}

/** For an admin, or a receiver with the token of this payload. */
async function readerApp(context: Context, http: HttpContext): Promise<App> {
  const token = context.req.header('authorization')?.split('Bearer ').at(-1)?.trim() ?? '';
  if (!token.startsWith('eyJ')) return toolApp(context, http);
  const appId = asUuid(context.req.param('app'));
  if (appId === undefined) throw malformed(['params', 'app_id'], context.req.param('app'));
  const signer = await http.hub.webhooks.signer();
  const claims = { appId, webhookId: idIn(context), isn: positionOf(placeIn(context)).isn };
  if (!(await signer.opens(token, claims, http.clock.now()))) {
    throw invalid('jwt', null, [{ message: 'The token is not that of this payload, or has expired' }]);
  }
  return http.hub.app(appId);
}

/** File URLs are signed again. */
function withUrls(change: EntityChange, { files }: App): EntityChange {
  if (change.namespace !== '$files') return change;
  const signed = (row: EntityChange['after']): EntityChange['after'] => row && { ...row, url: files.url(String(row.url)) ?? null };
  return { ...change, before: signed(change.before), after: signed(change.after) };
}

async function checkUrl(url: string, http: HttpContext): Promise<void> {
  const fault = await targetFault(url, http.allowsPrivateTargets);
  if (fault !== undefined) throw invalid('webhook', repeatable({ url }), [{ message: fault }]);
}

function changesIn(body: Fields): WebhookFields {
  const given = <T>(name: string, read: (value: unknown) => T | undefined): T | undefined =>
    body[name] === undefined ? undefined : required(body, name, read);
  return { url: given('url', asUrl), namespaces: given('namespaces', asTexts), actions: given('actions', asTexts) };
}

export function shownWebhook({ id, url, namespaces, actions, status, reason, createdAt, updatedAt }: Webhook): object {
  const times = { created_at: dateOf(createdAt), updated_at: dateOf(updatedAt) };
  return { id, sink: { url }, namespaces, actions, status, disabled_reason: reason, ...times };
}

function shownEvent({ txId, status, attempts, nextAt, createdAt, updatedAt }: WebhookEvent): object {
  const times = {
    next_attempt_after: nextAt === null ? null : dateOf(nextAt),
    created_at: dateOf(createdAt),
    updated_at: dateOf(updatedAt),
  };
  return { isn: positionOf(txId).isn, status, attempts, ...times };
}

const dateOf = (ms: number): string => new Date(ms).toISOString();

function idIn(context: Context): string {
  const given = context.req.param('id');
  const id = asUuid(given);
  if (id === undefined) throw malformed(['params', 'webhook_id'], given);
  return id;
}

function placeIn(context: Context): number {
  const given = context.req.param('isn') ?? '';
  const txId = txIdIn(given);
  if (txId === undefined) throw malformed(['params', '*'], given);
  return txId;
}

const cursorOf = ({ txId }: WebhookEvent): string => Buffer.from(`event ${txId}`).toString('base64url');

function cursorIn(given: string | undefined): number | undefined {
  if (given === undefined || given === '') return undefined;
  const [, txId] = /^event (\d+)$/.exec(Buffer.from(given, 'base64url').toString()) ?? [];
  if (txId === undefined) throw malformed(['params', 'after'], given);
  return Number(txId);
}

const asUrl = (given: unknown): string | undefined => asText(typeof given === 'number' ? String(given) : given);

function asTexts(given: unknown): readonly string[] | undefined {
  return Array.isArray(given) && given.every((each) => typeof each === 'string') ? given : undefined;
}
