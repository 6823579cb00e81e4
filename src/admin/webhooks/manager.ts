// Webhooks as they are configured: `db.webhooks.manager`. Every call needs the admin token of the app.

import { TriplaneError } from '../../errors.ts';
import type { AnySchemaDef } from '../../schema/schema.ts';
import { type ApiCall, type ApiConfig, callApi, type CallOpts } from '../api.ts';
import type {
  CreateWebhookParams,
  UpdateWebhookParams,
  WebhookEventInfo,
  WebhookEventsPage,
  WebhookInfo,
  WebhookPayload,
  WithAuth,
} from './types.ts';
import { readPayload } from './payload.ts';
import { fieldOf, listOf, readEvent, readEventsPage, readWebhook } from './wire.ts';

export interface ManagerConfig extends ApiConfig {
  readonly appId: string | null | undefined;
  readonly token: string | null | undefined;
  readonly withAuth?: WithAuth | undefined;
}

type Call = Pick<ApiCall, 'method' | 'body' | 'query' | 'opts'>;

export class WebhooksManager<Schema extends AnySchemaDef> {
  readonly #config: ManagerConfig;

  constructor(config: ManagerConfig) {
    this.#config = config;
  }

  /**
   * Every webhook of the app, newest first.
   *
   * @throws InstantAPIError
   * @example
   * const webhooks = await db.webhooks.manager.list();
   */
  async list(opts?: CallOpts): Promise<WebhookInfo[]> {
    return listOf(await this.#call('', { method: 'GET', opts }), 'webhooks').map(readWebhook);
  }

  /**
   * Adds a webhook, which is active at once. An app has at most 100 active ones.
   *
   * @throws InstantAPIError of type 'validation-failed' for an address that is not public https, and for unknown namespaces and actions
   * @example
   * await db.webhooks.manager.create({ url: 'https://example.com/hook', namespaces: ['goals'], actions: ['create'] });
   */
  async create(params: CreateWebhookParams<Schema>, opts?: CallOpts): Promise<WebhookInfo> {
    return this.#webhook('', { method: 'POST', body: params, opts });
  }

  /**
   * Changes the address, the namespaces or the actions; what is left out stays.
   *
   * @throws InstantAPIError
   * @example
   * await db.webhooks.manager.update(webhook.id, { namespaces: ['goals', 'todos'] });
   */
  async update(webhookId: string, params: UpdateWebhookParams<Schema>, opts?: CallOpts): Promise<WebhookInfo> {
    return this.#webhook(pathOf(webhookId), { method: 'POST', body: params, opts });
  }

  /**
   * Removes a webhook; nothing more is queued for it.
   *
   * @returns the webhook as it was
   * @throws InstantAPIError
   * @example
   * await db.webhooks.manager.delete(webhook.id);
   */
  async delete(webhookId: string, opts?: CallOpts): Promise<WebhookInfo> {
    return this.#webhook(pathOf(webhookId), { method: 'DELETE', opts });
  }

  /**
   * Makes a disabled webhook active again. Events of the time between are not delivered.
   *
   * @throws InstantAPIError
   * @example
   * await db.webhooks.manager.enable(webhook.id);
   */
  async enable(webhookId: string, opts?: CallOpts): Promise<WebhookInfo> {
    return this.#webhook(`${pathOf(webhookId)}/enable`, { method: 'POST', body: {}, opts });
  }

  /**
   * Stops a webhook until it is enabled again.
   *
   * @throws InstantAPIError
   * @example
   * await db.webhooks.manager.disable(webhook.id, { reason: 'maintenance' });
   */
  async disable(webhookId: string, opts?: ({ reason?: string | null | undefined } & CallOpts) | null): Promise<WebhookInfo> {
    const { reason, ...rest } = opts ?? {};
    return this.#webhook(`${pathOf(webhookId)}/disable`, { method: 'POST', body: reason ? { reason } : {}, opts: rest });
  }

  /**
   * A page of the events of a webhook, newest first. Events are kept for about 60 days.
   *
   * @param opts `after`: the `cursor` of the page before
   * @throws InstantAPIError
   * @example
   * const page = await db.webhooks.manager.listEvents(webhook.id, { after: previous.cursor });
   */
  async listEvents(webhookId: string, opts?: ({ after?: string | null | undefined } & CallOpts) | null): Promise<WebhookEventsPage> {
    const { after, ...rest } = opts ?? {};
    const call: Call = { method: 'GET', ...(after && { query: { after } }), opts: rest };
    return readEventsPage(await this.#call(`${pathOf(webhookId)}/events`, call));
  }

  /**
   * One event.
   *
   * @throws InstantAPIError
   * @example
   * const event = await db.webhooks.manager.getEvent(webhook.id, isn);
   */
  async getEvent(webhookId: string, isn: string, opts?: CallOpts): Promise<WebhookEventInfo> {
    return readEvent(fieldOf(await this.#call(eventPath(webhookId, isn), { method: 'GET', opts }), 'event'));
  }

  /**
   * What a delivery of an event carries.
   *
   * @throws InstantAPIError
   * @example
   * const { data } = await db.webhooks.manager.getPayload(webhook.id, isn);
   */
  async getPayload(webhookId: string, isn: string, opts?: CallOpts): Promise<WebhookPayload<Schema>> {
    const path = `/webhooks/payload/${encodeURIComponent(this.#appId())}${pathOf(webhookId)}/${checkedIsn(isn)}`;
    return readPayload(await this.#request({ method: 'GET', path, isIdempotent: true, opts }));
  }

  /**
   * Queues an event once more, whatever became of it.
   *
   * @throws InstantAPIError of type 'validation-failed' while the event is being delivered
   * @example
   * await db.webhooks.manager.resendEvent(webhook.id, isn);
   */
  async resendEvent(webhookId: string, isn: string, opts?: CallOpts): Promise<WebhookEventInfo> {
    return readEvent(fieldOf(await this.#call(eventPath(webhookId, isn), { method: 'POST', body: {}, opts }), 'event'));
  }

  async #webhook(path: string, call: Call): Promise<WebhookInfo> {
    return readWebhook(fieldOf(await this.#call(path, call), 'webhook'));
  }

  #call(path: string, call: Call): Promise<unknown> {
    const whole = `/dash/apps/${encodeURIComponent(this.#appId())}/webhooks${path}`;
    return this.#request({ ...call, path: whole, isIdempotent: call.method === 'GET' });
  }

  async #request(call: ApiCall): Promise<unknown> {
    const { token, withAuth } = this.#config;
    const run = (bearer: string): Promise<unknown> => callApi(this.#config, { ...call, headers: { authorization: `Bearer ${bearer}` } });
    if (withAuth) return withAuth(run);
    if (token) return run(token);
    throw new TriplaneError('config-invalid', 'Managing webhooks needs a token. Pass `adminToken` to `init`, or to `new Webhooks`');
  }

  #appId(): string {
    if (this.#config.appId) return this.#config.appId;
    throw new TriplaneError('config-invalid', 'Managing webhooks needs an appId. Pass it to `new Webhooks`');
  }
}

function pathOf(webhookId: string): string {
  if (typeof webhookId === 'string' && webhookId.trim() !== '') return `/${encodeURIComponent(webhookId)}`;
  throw new TriplaneError('config-invalid', `The id of a webhook must be a string that is not empty, and is ${String(webhookId)}`);
}

function eventPath(webhookId: string, isn: string): string {
  return `${pathOf(webhookId)}/events/${checkedIsn(isn)}`;
}

/** Sent as it is: the slashes in it are part of the path. */
function checkedIsn(isn: unknown): string {
  if (typeof isn === 'string' && /^[\da-f]+\/[\da-f]+\/[\da-f]+$/i.test(isn)) return isn;
  throw new TriplaneError('config-invalid', `An isn is a string such as '0/1A/2B3C4D5E', as events have it, and not ${String(isn)}`);
}
