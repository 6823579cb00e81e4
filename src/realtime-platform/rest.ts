// The platform's API, section by section of its overview: everything but documents (sync.ts). docs/realtime-platform.md#rest

import type { Shape } from '../rest/shape.ts';
import { InvalidArgumentError } from '../rooms/room-error.ts';
import type { PlatformApi, RawInit } from './api.ts';
import { type MetricFamily, parseMetrics } from './metrics.ts';
import type {
  ChannelInfo,
  ChannelMember,
  CompatibilityMode,
  CreateMapping,
  CreateService,
  CreateTopic,
  CreateWebhook,
  DatabaseSubscription,
  Environment,
  JsonSchema,
  Mapping,
  MappingStatus,
  MappingVersion,
  SchemaVersion,
  Service,
  Topic,
  Undocumented,
  UpdateTopic,
  Validation,
  Webhook,
  WebhookDelivery,
} from './types.ts';

const topicShape: Shape = { name: 'string' };
const schemaShape: Shape = { topic: 'string', version: 'number', schema: 'object' };
const mappingShape: Shape = { id: 'string', table: 'string', topic: 'string' };
const versionShape: Shape = { version: 'number' };
const subscriptionShape: Shape = { id: 'string', mappingId: 'string' };
const serviceShape: Shape = { id: 'string', name: 'string' };
const webhookShape: Shape = { id: 'string', url: 'string', events: 'array' };
const at = encodeURIComponent;

/** The topic registry. */
export function topicsApi(api: PlatformApi) {
  const path = (name: string): string => `/api/topics/${at(topicName(api, name))}`;
  return {
    list: () => api.list<Topic>(topicShape, '/api/topics'),
    get: async (name: string) => api.one<Topic>(topicShape, 'GET', path(name)),
    create: async (topic: CreateTopic) => {
      topicName(api, topic.name);
      required('topic', topic, ['name', 'description', 'owner']);
      return api.one<Topic>(topicShape, 'POST', '/api/topics', { body: topic });
    },
    update: async (name: string, changes: UpdateTopic) => api.one<Topic>(topicShape, 'PATCH', path(name), { body: changes }),
    /** Does not delete its schemas, mappings and subscriptions. */
    delete: async (name: string) => void (await api.call('DELETE', path(name))),
  };
}

/** Versions of the JSON Schema of a topic. */
export function schemasApi(api: PlatformApi) {
  const path = (topic: string): string => `/api/schemas/${at(topicName(api, topic))}`;
  return {
    versions: async (topic: string) => api.list<SchemaVersion>(schemaShape, `${path(topic)}/versions`),
    version: async (topic: string, version: number) =>
      api.one<SchemaVersion>(schemaShape, 'GET', `${path(topic)}/versions/${whole('version', version)}`),
    latest: async (topic: string) => api.one<SchemaVersion>(schemaShape, 'GET', `${path(topic)}/latest`),
    /** Adds a version. The server rejects one that is not compatible with the last, unless `compatibilityMode` is `none`. */
    create: async (topic: string, schema: JsonSchema, options: { readonly compatibilityMode?: CompatibilityMode } = {}) =>
      api.one<SchemaVersion>(schemaShape, 'POST', path(topic), { body: { schema, ...options } }),
    /** Whether a payload fits the active version. The form of the call is assumed (A8); `raw` is the response unchanged. */
    validate: async (topic: string, payload: unknown): Promise<Validation & { readonly raw: unknown }> => {
      const { validation } = api.options.wire;
      const raw = await api.call('POST', `${path(topic)}/validate`, { body: validation.body(payload) });
      const errors = (raw as { errors?: unknown } | undefined)?.errors;
      return { valid: validation.valid(raw) ?? false, ...(Array.isArray(errors) && { errors: errors as unknown[] }), raw };
    },
  };
}

/** Mappings of an external database's tables to topics. */
export function databaseApi(api: PlatformApi) {
  const base = '/api/database';
  const path = (id: string): string => `${base}/mappings/${at(name('mapping', id))}`;
  const subscription = (id: string): string => `${base}/subscriptions/${at(name('subscription', id))}`;
  return {
    mappings: {
      list: () => api.list<Mapping>(mappingShape, `${base}/mappings`),
      get: async (id: string) => api.one<Mapping>(mappingShape, 'GET', path(id)),
      create: async (mapping: CreateMapping) => {
        required('mapping', mapping, ['table', 'topic', 'events']);
        return api.one<Mapping>(mappingShape, 'POST', `${base}/mappings`, { body: mapping });
      },
      update: async (id: string, changes: Partial<CreateMapping>) => api.one<Mapping>(mappingShape, 'PATCH', path(id), { body: changes }),
      delete: async (id: string) => void (await api.call('DELETE', path(id))),
      ofTopic: async (topic: string) => api.list<Mapping>(mappingShape, `${base}/mappings/topic/${at(topicName(api, topic))}`),
      status: () => api.list<MappingStatus>({ ...mappingShape, environments: 'object' }, `${base}/mappings/status`),
      versions: async (id: string) => api.list<MappingVersion>(versionShape, `${path(id)}/versions`),
      /** Adds a snapshot of the mapping in this environment. */
      createVersion: async (id: string, environment: Environment) =>
        api.one<MappingVersion>(versionShape, 'POST', `${path(id)}/versions`, { body: { environment } }),
      /** From development to staging to production. Whether `environment` names the source or the target is not documented; it is sent unchanged. */
      promote: async (id: string, environment: Environment) =>
        (await api.call('POST', `${path(id)}/promote`, { body: { environment } })) as Undocumented | undefined,
    },
    subscriptions: {
      list: () => api.list<DatabaseSubscription>(subscriptionShape, `${base}/subscriptions`),
      create: async (mappingId: string) =>
        api.one<DatabaseSubscription>(subscriptionShape, 'POST', `${base}/subscriptions`, {
          body: { mappingId: name('mapping', mappingId) },
        }),
      activate: async (id: string) => void (await api.call('POST', `${subscription(id)}/activate`)),
      deactivate: async (id: string) => void (await api.call('POST', `${subscription(id)}/deactivate`)),
    },
  };
}

/** Namespaces of sync documents. */
export function servicesApi(api: PlatformApi) {
  const path = (id: string): string => `/api/services/${at(name('service', id))}`;
  return {
    list: () => api.list<Service>(serviceShape, '/api/services', { within: 'services' }),
    get: async (id: string) => api.one<Service>(serviceShape, 'GET', path(id)),
    create: async (service: CreateService) => {
      serviceName(service.name);
      return api.one<Service>(serviceShape, 'POST', '/api/services', { body: service });
    },
    update: async (id: string, changes: Partial<CreateService>) => {
      if (changes.name !== undefined) serviceName(changes.name);
      return api.one<Service>(serviceShape, 'PATCH', path(id), { body: changes });
    },
    delete: async (id: string) => void (await api.call('DELETE', path(id))),
  };
}

/** Socket channels, seen by a server. */
export function socketApi(api: PlatformApi) {
  return {
    channels: () => api.list<ChannelInfo>({ name: 'string', memberCount: 'number' }, '/api/socket/channels'),
    members: async (channel: string) =>
      api.list<ChannelMember>({ socketId: 'string' }, `/api/socket/channels/${at(name('channel', channel))}/members`),
    connections: async () => (await api.one<{ count: number }>({ count: 'number' }, 'GET', '/api/socket/connections')).count,
    broadcast: async (channel: string, event: string, data: unknown) => {
      const body = { channel: name('channel', channel), event: name('event', event), data };
      await api.call('POST', '/api/socket/broadcast', { body });
    },
  };
}

/** Webhook endpoints, and the log of their deliveries. */
export function webhooksApi(api: PlatformApi) {
  const path = (id: string): string => `/api/webhooks/${at(name('webhook', id))}`;
  return {
    list: () => api.list<Webhook>(webhookShape, '/api/webhooks'),
    create: async (webhook: CreateWebhook) => {
      required('webhook', webhook, ['url', 'secret', 'events']);
      if (!URL.canParse(webhook.url)) throw new InvalidArgumentError(`'${webhook.url}' is not the URL of a webhook`);
      return api.one<Webhook>(webhookShape, 'POST', '/api/webhooks', { body: webhook });
    },
    activate: async (id: string) => void (await api.call('POST', `${path(id)}/activate`)),
    deactivate: async (id: string) => void (await api.call('POST', `${path(id)}/deactivate`)),
    delete: async (id: string) => void (await api.call('DELETE', path(id))),
    /** The delivery log. */
    logs: (query: { readonly event?: string } = {}) =>
      api.list<WebhookDelivery>({ id: 'string', webhookId: 'string', success: 'boolean' }, '/api/webhooks/logs', { query }),
  };
}

/** Traces of events. Paths and responses are assumed (A12). */
export function debuggerApi(api: PlatformApi) {
  const { paths } = api.options.wire;
  return {
    traces: (query: Readonly<Record<string, string>> = {}) => api.list<Undocumented>({}, paths.traces, { query }),
    trace: async (id: string) => api.one<Undocumented>({}, 'GET', paths.trace(name('trace', id))),
    /** Replays the event of a trace. */
    replay: async (id: string, body: Readonly<Record<string, unknown>> = {}) =>
      (await api.call('POST', paths.replay(name('trace', id)), { body })) as Undocumented | undefined,
  };
}

/** Tokens. */
export function authApi(api: PlatformApi) {
  return {
    /** `expiresAt` is in milliseconds since 1970. */
    issueToken: async (request: { readonly applicationId: string; readonly permissions: readonly string[] }) =>
      api.one<{ readonly token: string; readonly expiresAt: number }>({ token: 'string', expiresAt: 'number' }, 'POST', '/auth/token', {
        body: request,
      }),
    /** Asks the server to verify a token. Path and response are assumed (A12). */
    verifyToken: async (token: string) => api.one<Undocumented>({}, 'POST', api.options.wire.paths.verifyToken, { body: { token } }),
  };
}

/** Signing keys. Paths and responses are assumed (A12). */
export function adminApi(api: PlatformApi) {
  const { paths } = api.options.wire;
  return {
    signingKeys: {
      list: () => api.list<Undocumented>({}, paths.signingKeys),
      create: async (body: Readonly<Record<string, unknown>> = {}) => api.one<Undocumented>({}, 'POST', paths.signingKeys, { body }),
      rotate: async (id: string) => (await api.call('POST', paths.rotateSigningKey(name('signing key', id)))) as Undocumented | undefined,
      revoke: async (id: string) => void (await api.call('DELETE', paths.signingKey(name('signing key', id)))),
    },
  };
}

/** Health and metrics; neither needs credentials. */
export function systemApi(api: PlatformApi) {
  const metricsText = (): Promise<string> => api.text('/api/metrics/prometheus');
  return {
    /** Whether the server reports that it is healthy. */
    health: async () => (await api.one<{ status: string }>({ status: 'string' }, 'GET', '/health', { auth: false })).status === 'ok',
    metricsText,
    metrics: async (): Promise<MetricFamily[]> => parseMetrics(await metricsText()),
    /** Makes any other call, such as an undocumented one, with the same credentials, scope and errors. */
    raw: async <T>(method: string, path: string, init?: RawInit): Promise<T> => {
      const verb = method.toUpperCase();
      if (!isMethod(verb)) throw new InvalidArgumentError(`'${method}' is not a method of the API`);
      if (!path.startsWith('/')) throw new InvalidArgumentError(`A path begins with a slash, and '${path}' does not`);
      return (await api.call(verb, path, init)) as T;
    },
  };
}

const isMethod = (verb: string): verb is 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' =>
  ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].includes(verb);

function topicName(api: PlatformApi, topic: string): string {
  const { topicName: pattern } = api.options.wire;
  // A pattern with the flag g or y continues where it last matched.
  pattern.lastIndex = 0;
  if (typeof topic !== 'string' || topic === '' || !pattern.test(topic))
    throw new InvalidArgumentError(`'${String(topic)}' is not the name of a topic: ${pattern.source}`);
  return topic;
}

export function serviceName(service: string): string {
  if (typeof service !== 'string' || !/^[a-z][a-z0-9_-]*$/.test(service)) {
    throw new InvalidArgumentError(`'${String(service)}' is not the name of a service: a lower-case letter, then letters, digits, _ and -`);
  }
  return service;
}

/** An id or name that goes into a path: an empty one would make another path. */
export function name(what: string, value: string): string {
  if (typeof value !== 'string' || value === '' || value === '.' || value === '..')
    throw new InvalidArgumentError(`Invalid ${what} name or id: '${String(value)}'`);
  return value;
}

function required(what: string, body: object, fields: readonly string[]): void {
  const missing = fields.find((field) => (body as Record<string, unknown>)[field] === undefined);
  if (missing !== undefined) throw new InvalidArgumentError(`A ${what} needs '${missing}'`);
}

function whole(what: string, value: number): number {
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError(`A ${what} must be a positive integer`);
  return value;
}
