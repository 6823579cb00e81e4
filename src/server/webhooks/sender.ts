// One delivery attempt: a signed request with the URL of the changes and a token to read them.

import type { Clock } from '../../lib/clock.ts';
import { type Outbound, OutboundError } from '../outbound.ts';
import { Signer, type StoredKey } from './signer.ts';
import { positionOf } from '../queries/refresh.ts';
import { type Attempt, eventKey, type Webhook, type WebhookEvent } from './webhook.ts';

export interface SenderConfig {
  /** Missing = nothing is sent. */
  readonly outbound: Outbound | undefined;
  readonly clock: Clock;
  /** Base URL for clients. */
  readonly origin: () => string;
  /** Created on first use. */
  readonly key: () => Promise<StoredKey>;
}

/** Bytes of a response that are stored. */
export const keptAnswerBytes = 256;

export class WebhookSender {
  readonly #config: SenderConfig;
  #signer: Promise<Signer> | undefined;

  constructor(config: SenderConfig) {
    this.#config = config;
  }

  get canSend(): boolean {
    return this.#config.outbound !== undefined;
  }

  signer(): Promise<Signer> {
    this.#signer ??= this.#config.key().then((key) => new Signer(key));
    this.#signer.catch(() => (this.#signer = undefined));
    return this.#signer;
  }

  /** Never rejects. */
  async send(appId: string, webhook: Webhook, event: WebhookEvent): Promise<Attempt> {
    const { clock } = this.#config;
    const [startedAt, started] = [clock.now(), clock.monotonicNow()];
    const done = (result: Partial<Attempt>): Attempt => ({
      ...{ 'attempt-at': new Date(startedAt).toISOString(), 'duration-ms': Math.round(clock.monotonicNow() - started), 'success?': false },
      ...{ 'status-code': null, 'response-text': null, 'error-type': null, 'error-message': null },
      ...result,
    });
    try {
      const response = await this.#post(appId, webhook, event, startedAt);
      const text = Buffer.from(await response.arrayBuffer())
        .subarray(0, keptAnswerBytes)
        .toString();
      return done({ 'success?': response.ok, 'status-code': response.status, 'response-text': text });
    } catch (error) {
      const fault = error instanceof OutboundError ? error.fault : 'unknown';
      return done({ 'error-type': fault, 'error-message': error instanceof Error ? error.message : String(error) });
    }
  }

  async #post(appId: string, { url }: Webhook, event: WebhookEvent, nowMs: number): Promise<Response> {
    const { origin, outbound } = this.#config;
    if (!outbound) throw new Error('this server sends no requests');
    const signer = await this.signer();
    const { isn } = positionOf(event.txId);
    const token = await signer.token({ appId, webhookId: event.webhookId, isn }, origin(), nowMs);
    const body = JSON.stringify({ payloadUrl: `${origin()}/webhooks/payload/${appId}/${event.webhookId}/${isn}`, token });
    const headers = {
      'user-agent': 'Triplane Webhook Sender',
      'content-type': 'application/json; charset=utf-8',
      'content-length': String(Buffer.byteLength(body)),
      'instant-signature': signer.signature(body, nowMs),
      'idempotency-key': eventKey(event),
    };
    return outbound(url, { method: 'POST', headers, body });
  }
}
