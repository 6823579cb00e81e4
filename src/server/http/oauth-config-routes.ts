// An app's sign-in providers, as tools edit them: `/dash/apps/<id>/auth` and related routes.

import { Hono } from 'hono';
import {
  deletedClient,
  listedClient,
  oauthOf,
  type OAuthClient,
  type OAuthConfig,
  originFault,
  type OriginService,
  redirectToFault,
  type ServiceProvider,
  shownClient,
} from '../auth/oauth/oauth-config.ts';
import { OAuthFault } from '../auth/oauth/providers.ts';
import { recordAttrs } from '../data/record-attrs.ts';
import { invalid, recordNotFound, recordNotUnique, rejection } from '../errors.ts';
import type { HttpContext } from './context.ts';
import { malformed, missing } from './errors.ts';
import { asObject, asText, asUuid, bodyOf, type Fields, optional, required } from './request.ts';
import { toolApp } from './caller.ts';

export function oauthConfigRoutes(http: HttpContext): Hono {
  const routes = new Hono();
  const path = '/dash/apps/:app';
  const now = (): string => new Date(http.clock.now()).toISOString().replace(/\.\d+Z$/, 'Z');

  routes.get(`${path}/auth`, async (context) => {
    const app = await toolApp(context, http);
    const { origins, providers, clients } = oauthOf(app.ledger.records);
    return context.json({
      authorized_redirect_origins: origins.length > 0 ? origins : null,
      default_sender_email: null,
      oauth_service_providers: providers,
      oauth_clients: clients.map(listedClient),
    });
  });

  routes.post(`${path}/authorized_redirect_origins`, async (context) => {
    const app = await toolApp(context, http);
    const body = await bodyOf(context);
    const [service, params] = [required(body, 'service', asText), required(body, 'params', asList)];
    const fault = originFault(service, params);
    if (fault !== undefined) throw faulty('origin-request', { 'app-id': app.id, service, params }, fault);
    const origin = { id: http.uuid(), service: service as OriginService, params: params as readonly string[], created_at: now() };
    await http.oauth(app).configure((config) => {
      const isKnown = config.origins.some((each) => each.service === service && JSON.stringify(each.params) === JSON.stringify(params));
      if (isKnown) throw recordNotUnique('app-authorized-redirect-origin');
      return { ...config, origins: [origin, ...config.origins] };
    });
    return context.json({ origin });
  });

  routes.delete(`${path}/authorized_redirect_origins/:id`, async (context) => {
    const app = await toolApp(context, http);
    const id = idIn(context.req.param('id'));
    const origin = await taken(http, app, 'origins', id, 'app-authorized-redirect-origin');
    return context.json({ origin });
  });

  routes.post(`${path}/oauth_service_providers`, async (context) => {
    const app = await toolApp(context, http);
    const name = required(await bodyOf(context), 'provider_name', (given) => asText(typeof given === 'number' ? String(given) : given));
    const provider = { id: http.uuid(), provider_name: name, created_at: now() };
    await http.oauth(app).configure((config) => {
      if (config.providers.some(({ provider_name: known }) => known === name)) throw nameTaken('$oauthProviders', name);
      return { ...config, providers: [...config.providers, provider] };
    });
    return context.json({ provider });
  });

  routes.post(`${path}/oauth_clients`, async (context) => {
    const app = await toolApp(context, http);
    const body = await bodyOf(context);
    const providerId = required(body, 'provider_id', asUuid);
    const name = required(body, 'client_name', asText);
    const provider = oauthOf(app.ledger.records).providers.find(({ id }) => id === providerId);
    if (!provider) throw notThere('oauth-service-provider', { 'provider-id': providerId });
    checkCredentials(body, provider);
    const changes = clientFields(body);
    const needsDiscovery = !['github', 'google', 'linkedin', 'apple'].includes(provider.provider_name);
    if (needsDiscovery && !changes.discovery_endpoint) throw missing(['body', 'discovery_endpoint']);
    await checkDiscovery(http, changes.discovery_endpoint);
    const blank = { client_id: null, client_secret: null, discovery_endpoint: null, redirect_to: null, meta: null };
    const client: OAuthClient = { ...blank, ...changes, id: http.uuid(), provider_id: providerId, client_name: name, created_at: now() };
    await http.oauth(app).configure((config) => {
      if (config.clients.some(({ client_name: known }) => known === name)) throw nameTaken('$oauthClients', name);
      return { ...config, clients: [...config.clients, client] };
    });
    return context.json({ client: shownClient(client) });
  });

  routes.post(`${path}/oauth_clients/:id`, async (context) => {
    const app = await toolApp(context, http);
    const id = idIn(context.req.param('id'));
    const body = await bodyOf(context);
    const changes = clientFields(body);
    await checkDiscovery(http, changes.discovery_endpoint);
    let changed: OAuthClient | undefined;
    await http.oauth(app).configure((config) => {
      const known = config.clients.find((each) => each.id === id);
      if (!known) throw recordNotFound('app-oauth-client', { 'app-id': app.id, id });
      checkCredentials(
        body,
        config.providers.find((each) => each.id === known.provider_id),
      );
      const meta = changes.meta ? { meta: { ...known.meta, ...changes.meta } } : {};
      const next = { ...known, ...changes, ...meta };
      changed = next;
      return { ...config, clients: config.clients.map((each) => (each.id === id ? next : each)) };
    });
    return context.json({ client: changed && listedClient(changed) });
  });

  routes.delete(`${path}/oauth_clients/:id`, async (context) => {
    const app = await toolApp(context, http);
    const client = await taken(http, app, 'clients', idIn(context.req.param('id')), 'app-oauth-client');
    return context.json({ client: deletedClient(client) });
  });

  return routes;
}

/** Tools read these faults as texts. */
function faulty(about: string, input: unknown, fault: string): Error {
  return rejection('validation-failed', `Validation failed for ${about}: ${fault}`, { 'data-type': about, input, errors: [fault] });
}

function nameTaken(etype: string, name: string): Error {
  const attr = recordAttrs.find(({ 'forward-identity': [, on, label] }) => on === etype && label === 'name');
  return recordNotUnique('triple', { 'attr-id': attr?.id, etype, label: 'name', value: JSON.stringify(name) });
}

function notThere(type: string, by: object): Error {
  return rejection('record-not-found', `Record not found: ${type}`, { 'record-type': type, ...by });
}

async function taken<List extends 'origins' | 'clients'>(
  http: HttpContext,
  app: Parameters<HttpContext['oauth']>[0],
  list: List,
  id: string,
  type: string,
): Promise<OAuthConfig[List][number]> {
  let gone: OAuthConfig[List][number] | undefined;
  await http.oauth(app).configure((config) => {
    gone = config[list].find((each) => each.id === id);
    if (!gone) throw recordNotFound(type, { 'app-id': app.id, id });
    return { ...config, [list]: config[list].filter((each) => each.id !== id) };
  });
  if (!gone) throw recordNotFound(type, { 'app-id': app.id, id });
  return gone;
}

type ClientFields = Partial<Pick<OAuthClient, 'client_id' | 'client_secret' | 'discovery_endpoint' | 'redirect_to' | 'meta'>>;

/** The fields given; null removes a value. */
function clientFields(body: Fields): ClientFields {
  const changes: Record<string, unknown> = {};
  for (const name of ['client_id', 'client_secret', 'discovery_endpoint', 'redirect_to'] as const) {
    if (body[name] !== undefined) changes[name] = optional(body, name, asText) ?? null;
  }
  if (body.meta !== undefined) changes.meta = optional(body, 'meta', asObject) ?? null;
  const fault = typeof changes.redirect_to === 'string' ? redirectToFault(changes.redirect_to) : undefined;
  if (fault !== undefined) throw faulty('redirect_to', changes.redirect_to, fault);
  return changes;
}

/** The host has no credentials of its own that clients could share. */
function checkCredentials(body: Fields, provider: ServiceProvider | undefined): void {
  if (body.use_shared_credentials !== true) return;
  throw notThere('shared-oauth-client', { 'provider-name': provider?.provider_name });
}

async function checkDiscovery(http: HttpContext, endpoint: string | null | undefined): Promise<void> {
  if (!endpoint) return;
  try {
    await http.providers.discoveryAt(endpoint);
  } catch (error) {
    if (!(error instanceof OAuthFault)) throw error;
    throw invalid('discovery-endpoint', endpoint, [{ message: 'Could not validate discovery endpoint.' }]);
  }
}

function idIn(given: string): string {
  const id = asUuid(given);
  if (id === undefined) throw malformed(['params', 'id'], given);
  return id;
}

const asList = (given: unknown): readonly unknown[] | undefined => (Array.isArray(given) ? given : undefined);
