// An app's webhooks as configured by admins.

import type { Ledger } from '../data/ledger.ts';
import { submit } from '../data/submit.ts';
import { adminActor } from '../data/system-rules.ts';
import type { LedgerState } from '../data/write.ts';
import { invalid, recordNotFound } from '../errors.ts';
import type { Records } from '../storage/storage.ts';
import { resent } from './delivery.ts';
import {
  eventName,
  eventOf,
  eventRecord,
  type Webhook,
  type WebhookAction,
  webhookActions,
  type WebhookEvent,
  webhooksOf,
  webhooksRecord,
} from './webhook.ts';

const mostActive = 100;

export interface WebhookFields {
  readonly url?: string | undefined;
  readonly namespaces?: readonly string[] | undefined;
  readonly actions?: readonly string[] | undefined;
}

export class WebhookSettings {
  readonly #appId: string;
  readonly #ledger: Ledger;

  constructor(appId: string, ledger: Ledger) {
    this.#appId = appId;
    this.#ledger = ledger;
  }

  /** @throws InstantAPIError */
  async create(id: string, { url = '', namespaces = [], actions = [] }: WebhookFields): Promise<Webhook> {
    const wanted = actionsOf(actions);
    return this.#change((state, at) => {
      const times = { createdAt: at, updatedAt: at };
      const webhook: Webhook = { id, url, namespaces, actions: wanted, status: 'active', reason: null, ...times };
      checkNamespaces(namespaces, state);
      checkActive(webhook, state);
      return { webhook, list: [webhook, ...webhooksOf(state.records)] };
    });
  }

  /** Fields that are left out keep their values. @throws InstantAPIError */
  async update(id: string, { url, namespaces, actions: given }: WebhookFields): Promise<Webhook> {
    const actions = given && actionsOf(given);
    return this.#replace(id, (webhook, state) => {
      if (namespaces) checkNamespaces(namespaces, state);
      return {
        ...webhook,
        ...(url !== undefined && { url }),
        ...(namespaces && { namespaces }),
        ...(actions && { actions }),
      };
    });
  }

  enable(id: string): Promise<Webhook> {
    return this.#replace(id, (webhook) => ({ ...webhook, status: 'active', reason: null }));
  }

  disable(id: string, reason: string | undefined): Promise<Webhook> {
    return this.#replace(id, (webhook) => ({ ...webhook, status: 'disabled', reason: reason ?? null }));
  }

  /** Including its events. */
  delete(id: string, events: readonly WebhookEvent[]): Promise<Webhook> {
    return this.#change(({ records }) => {
      const webhooks = webhooksOf(records);
      const webhook = this.#find(webhooks, id);
      const gone = Object.fromEntries(events.map(({ txId }) => [eventName(id, txId), null]));
      return { webhook, list: webhooks.filter((one) => one !== webhook), more: gone };
    });
  }

  /** @throws InstantAPIError while it is being sent */
  async resend(webhookId: string, txId: number): Promise<WebhookEvent> {
    let event: WebhookEvent | undefined;
    const steps = ({ records, at }: LedgerState): { steps: []; records: Records } => {
      const known = eventOf(records, webhookId, txId);
      event = known && resent(known, at);
      if (event) return { steps: [], records: eventRecord(event) };
      const message = known ? 'The event is being sent. Try again in a minute.' : 'There is no such event';
      throw invalid('webhook-events', { 'app-id': this.#appId, 'webhook-id': webhookId }, [{ message }]);
    };
    await submit(this.#ledger, { steps, event: undefined, actor: adminActor });
    if (!event) throw this.notFound('webhook-event', webhookId);
    return event;
  }

  notFound(type: string, webhookId: string): Error {
    return recordNotFound(type, { 'app-id': this.#appId, 'webhook-id': webhookId });
  }

  #find(webhooks: readonly Webhook[], id: string): Webhook {
    const webhook = webhooks.find((one) => one.id === id);
    if (!webhook) throw this.notFound('webhook', id);
    return webhook;
  }

  #replace(id: string, make: (webhook: Webhook, state: LedgerState) => Webhook): Promise<Webhook> {
    return this.#change((state, at) => {
      const webhooks = webhooksOf(state.records);
      const known = this.#find(webhooks, id);
      const webhook = { ...make(known, state), updatedAt: at };
      checkActive(webhook, state);
      return { webhook, list: webhooks.map((one) => (one === known ? webhook : one)) };
    });
  }

  async #change(make: (state: LedgerState, at: number) => Change): Promise<Webhook> {
    let webhook: Webhook | undefined;
    const steps = (state: LedgerState): { steps: []; records: Records } => {
      const change = make(state, state.at);
      ({ webhook } = change);
      return { steps: [], records: { ...change.more, [webhooksRecord]: change.list } };
    };
    await submit(this.#ledger, { steps, event: undefined, actor: adminActor });
    if (!webhook) throw new Error('a transaction was done that was never made');
    return webhook;
  }
}

interface Change {
  readonly webhook: Webhook;
  readonly list: readonly Webhook[];
  readonly more?: Records;
}

function actionsOf(given: readonly string[]): readonly WebhookAction[] {
  const unknown = given.filter((action) => !webhookActions.some((one) => one === action));
  if (given.length === 0) throw invalid('webhook', { actions: given }, [{ message: 'A webhook must have at least one action' }]);
  if (unknown.length > 0) {
    const message = `An action is one of ${webhookActions.join(', ')}, and not ${unknown.join(', ')}`;
    throw invalid('webhook', { actions: given }, [{ message }]);
  }
  return webhookActions.filter((action) => given.includes(action));
}

function checkNamespaces(namespaces: readonly string[], { db }: LedgerState): void {
  const unknown = namespaces.filter((etype) => db.attrs.forward(etype, 'id') === undefined);
  if (namespaces.length === 0) throw invalid('webhook', { namespaces }, [{ message: 'A webhook must have at least one namespace' }]);
  if (unknown.length > 0) throw invalid('webhook', { namespaces }, [{ message: `There is no namespace ${unknown.join(', ')}` }]);
}

/** Active webhooks must differ, so that no event is delivered twice by mistake. */
function checkActive(webhook: Webhook, { records }: LedgerState): void {
  if (webhook.status !== 'active') return;
  const others = webhooksOf(records).filter(({ id, status }) => status === 'active' && id !== webhook.id);
  const message =
    others.length >= mostActive
      ? `An app has at most ${mostActive} active webhooks`
      : others.some((other) => purpose(other) === purpose(webhook))
        ? 'There is an active webhook with this url, these namespaces and these actions'
        : undefined;
  if (message !== undefined) throw invalid('webhooks', { 'webhook-id': webhook.id }, [{ message }]);
}

const purpose = ({ url, namespaces, actions }: Webhook): string => JSON.stringify([url, [...namespaces].sort(), [...actions].sort()]);
