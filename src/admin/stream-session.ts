// The session that carries the streams of one caller: messages come down an event stream and go up by POST. It is opened with the first
// stream, opened again whenever it breaks, and closed with the last. PROTOCOL.md#sse-init
//
//   idle ── a stream begins ──▶ connecting ── sse-init ──▶ ready          closed: for good
//    ▲                            ▲     │                    │
//    └── the last stream ended ───┼─────┴──── lost · wait ◀──┘

import { eventSourceTransport } from '../connection/sse/transport.ts';
import type { Channel } from '../connection/transport.ts';
import type { TriplaneError } from '../errors.ts';
import { InstantAPIError } from '../errors.ts';
import { readErrorBody } from '../http/rejection.ts';
import type { Timer } from '../lib/clock.ts';
import { isObject } from '../lib/json.ts';
import { backoffMs, isTransientStatus, rejectedBackoff, unreachableBackoff } from '../lib/retry.ts';
import { type ErrorMessage, meaningOf } from '../protocol/server-error.ts';
import type { ServerMessage } from '../protocol/server-message.ts';
import type { StreamEffect, StreamHost } from '../streams/stream-host.ts';
import { StreamSubscriptions } from '../streams/stream-subscriptions.ts';
import { callerHeaders, type ImpersonationOpts } from './caller.ts';
import type { ResolvedConfig } from './config.ts';
import { adminVersions, sessionVersions } from './version.ts';

/** For `sse-init` to arrive. */
const connectMs = 10_000;
/** Servers send a comment every 15 seconds. */
const silenceMs = 45_000;

export class StreamSession implements StreamHost {
  readonly config: ResolvedConfig;
  readonly subscriptions: StreamSubscriptions;
  readonly #as: ImpersonationOpts | undefined;
  #state: 'idle' | 'connecting' | 'ready' | 'closed' = 'idle';
  #channel: Channel | undefined;
  #failures = 0;
  /** Ends a connection that is silent, or opens the next. */
  #timer: Timer | undefined;
  /** When a stream wants to be started again. */
  #deadline: Timer | undefined;
  /** Why the server rejects this caller. */
  #rejection: InstantAPIError | undefined;

  constructor(config: ResolvedConfig, as: ImpersonationOpts | undefined) {
    this.config = config;
    this.#as = as;
    this.subscriptions = new StreamSubscriptions(config.random);
  }

  get isOpen(): boolean {
    return this.#state !== 'closed';
  }

  run(effects: readonly StreamEffect[]): void {
    if (this.#state === 'ready') for (const { message } of effects) this.#send(message);
    this.#settle();
  }

  /** Every stream ends with the error. */
  close(error: TriplaneError): void {
    if (!this.isOpen) return;
    this.#disconnect();
    this.#state = 'closed';
    this.subscriptions.shutDown(error);
    this.config.clock.clearTimeout(this.#deadline);
  }

  #send(message: StreamEffect['message']): void {
    this.config.log.info('[send]', message);
    this.#channel?.send(message);
  }

  /** Connected exactly as long as there are streams. */
  #settle(): void {
    if (!this.isOpen) return;
    if (this.subscriptions.size === 0) this.#disconnect();
    else if (this.#state === 'idle') this.#connect();
    const { clock } = this.config;
    clock.clearTimeout(this.#deadline);
    const dueMs = this.subscriptions.nextDeadline();
    if (dueMs === Infinity) return;
    const onDeadline = (): void => this.run(this.subscriptions.onDeadline(clock.monotonicNow()));
    this.#deadline = clock.setTimeout(onDeadline, Math.max(0, dueMs - clock.monotonicNow()));
  }

  #connect(): void {
    const { apiURI, appId, clock, random, log } = this.config;
    const query = `app_id=${encodeURIComponent(appId)}`;
    const url = `${apiURI}/admin/sse?${query}`;
    const postUrl = `${apiURI}/admin/sse/push?${query}`;
    const transport = eventSourceTransport({ url, postUrl, fetch: this.#fetchFrom(url), clock, random, log });
    this.#state = 'connecting';
    this.#endAfter(connectMs);
    this.#channel = transport.open({
      opened: () => this.#opened(),
      message: (message) => this.#hear(message),
      activity: () => this.#endAfter(silenceMs),
      fault: (error) => this.config.onError(error),
      closed: ({ reason }) => this.#lost(reason),
    });
  }

  /** Opening the event stream is a POST with the caller's headers; everything else is sent as it is. */
  #fetchFrom(url: string): typeof fetch {
    const send = this.config.fetch ?? ((...call: Parameters<typeof fetch>) => fetch(...call));
    const headers = { ...adminVersions, 'content-type': 'application/json', ...callerHeaders(this.config, this.#as) };
    const body = JSON.stringify({ 'inference?': Boolean(this.config.schema), versions: sessionVersions });
    return async (input, init) => {
      if (input !== url) return send(input, init);
      const response = await send(url, { ...init, method: 'POST', headers, body });
      if (response.ok) return response;
      const text = await response.text();
      const { status } = response;
      const error = new InstantAPIError({ body: readErrorBody(parse(text), text), status });
      if (!isTransientStatus(status)) this.#rejection = error;
      return new Response(text, { status });
    };
  }

  #opened(): void {
    this.#state = 'ready';
    this.#endAfter(silenceMs);
    this.run(this.subscriptions.onSessionOpen());
  }

  #hear(message: ServerMessage): void {
    this.#failures = 0;
    this.#endAfter(silenceMs);
    this.config.log.info('[receive]', message);
    const nowMs = this.config.clock.monotonicNow();
    if (message.op !== 'error') return this.run(this.subscriptions.onMessage(message, { nowMs }));
    const { status, ...body } = message;
    const error = new InstantAPIError({ status: status ?? 500, body: { ...body, message: body.message ?? 'The server failed' } });
    const retryAtMs = (failures: number): number | undefined => this.#retryAt(message, error, failures);
    this.run(this.subscriptions.onError({ message, error, nowMs, retryAtMs }) ?? []);
  }

  #retryAt(message: ErrorMessage, { retryAfterMs = 0 }: InstantAPIError, failures: number): number | undefined {
    if (!meaningOf(message).isTransient) return undefined;
    const { clock, random } = this.config;
    return clock.monotonicNow() + backoffMs(rejectedBackoff, failures, random.next(), retryAfterMs);
  }

  #lost(reason: string): void {
    const { clock, random, log } = this.config;
    log.info('[closed]', reason);
    this.#disconnect();
    const rejection = this.#rejection;
    this.#rejection = undefined;
    // Rejected callers stay rejected: their streams end, and a new one tries again.
    if (rejection) this.subscriptions.shutDown(rejection);
    this.subscriptions.onDisconnect();
    if (this.subscriptions.size === 0) return;
    // The first attempt is made at once: most breaks are short.
    const waitMs = this.#failures === 0 ? 0 : backoffMs(unreachableBackoff, this.#failures, random.next());
    this.#failures += 1;
    this.#state = 'connecting';
    this.#timer = clock.setTimeout(() => this.#connect(), waitMs);
  }

  #endAfter(ms: number): void {
    const { clock } = this.config;
    clock.clearTimeout(this.#timer);
    this.#timer = clock.setTimeout(() => this.#lost(`Nothing was received for ${ms} ms`), ms);
  }

  #disconnect(): void {
    this.config.clock.clearTimeout(this.#timer);
    void this.#channel?.close();
    this.#channel = undefined;
    if (this.isOpen) this.#state = 'idle';
  }
}

function parse(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
