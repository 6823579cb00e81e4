// Verifies webhook deliveries and rejects old ones. The scheme is an assumption (A9): the documentation specifies HMAC-SHA256 with the endpoint's
// secret and a timestamp, but not the headers. For servers only.

import { type HeadersLike, readHeader } from '../rooms/headers.ts';
import { RoomError } from '../rooms/room-error.ts';
import type { PlatformEvent } from './types.ts';
import { assumedWire } from './wire.ts';

/** How deliveries are signed. */
export interface WebhookScheme {
  readonly signatureHeader: string;
  readonly timestampHeader: string;
  readonly encoding: 'hex' | 'base64';
  /** What is signed, from the timestamp header and the raw body. */
  readonly signed: (timestamp: string, body: string) => string;
}

/** A9. */
export const assumedWebhookScheme: WebhookScheme = {
  signatureHeader: 'x-webhook-signature',
  timestampHeader: 'x-webhook-timestamp',
  encoding: 'hex',
  signed: (timestamp, body) => `${timestamp}.${body}`,
};

export interface WebhookOptions {
  /** How old a delivery may be; 5 minutes by default. */
  readonly toleranceMs?: number;
  readonly scheme?: Partial<WebhookScheme>;
  readonly now?: number;
}

/** The delivery is not authentic, or cannot be verified. */
export class WebhookVerificationError extends RoomError {
  declare readonly code: 'MISSING_HEADER' | 'INVALID_SIGNATURE' | 'STALE_TIMESTAMP' | 'INVALID_BODY' | 'UNSUPPORTED';

  constructor(code: WebhookVerificationError['code'], message: string) {
    super(code, message);
    this.name = 'WebhookVerificationError';
  }
}

/**
 * Verifies a delivery and returns its parsed body. `rawBody` must be the unmodified body.
 *
 * @throws WebhookVerificationError if a header is missing, the signature does not match, the timestamp is too old or too far ahead, or the body
 *   is not JSON
 * @example
 * const event = verifyPlatformWebhook(await request.text(), request.headers, process.env.WEBHOOK_SECRET);
 */
export function verifyPlatformWebhook(
  rawBody: string | Uint8Array,
  headers: HeadersLike,
  secret: string,
  options: WebhookOptions = {},
): unknown {
  const { toleranceMs = 300_000, now = Date.now() } = options;
  const scheme = { ...assumedWebhookScheme, ...options.scheme };
  const body = typeof rawBody === 'string' ? rawBody : new TextDecoder().decode(rawBody);
  const header = (name: string): string => {
    const value = readHeader(headers, name.toLowerCase());
    if (value === undefined || value === '') throw new WebhookVerificationError('MISSING_HEADER', `The delivery has no header '${name}'`);
    return value;
  };
  const [signature, timestamp] = [header(scheme.signatureHeader).replace(/^sha256=/i, ''), header(scheme.timestampHeader)];
  if (!isSignedBy(secret, scheme.signed(timestamp, body), signature, scheme.encoding)) {
    throw new WebhookVerificationError('INVALID_SIGNATURE', 'The signature does not match the body, timestamp and secret');
  }
  const sentMs = timestampMs(timestamp);
  if (Number.isNaN(sentMs) || Math.abs(now - sentMs) > toleranceMs) {
    throw new WebhookVerificationError('STALE_TIMESTAMP', `The delivery is not from the last ${toleranceMs} ms; it may be a replay`);
  }
  try {
    return JSON.parse(body);
  } catch {
    throw new WebhookVerificationError('INVALID_BODY', 'The body is not JSON');
  }
}

/** The vendor's API: one receiver per endpoint, `verify` for each request. */
export class WebhookReceiver {
  readonly #secret: string;
  readonly #options: WebhookOptions;

  constructor(secret: string, options: WebhookOptions = {}) {
    this.#secret = secret;
    this.#options = options;
  }

  /** @throws WebhookVerificationError */
  verify(rawBody: string | Uint8Array, headers: HeadersLike): { readonly event: PlatformEvent } {
    const body = verifyPlatformWebhook(rawBody, headers, this.#secret, this.#options);
    const event = assumedWire.parseEvent(body, '');
    if (!event) throw new WebhookVerificationError('INVALID_BODY', 'The body is not an event');
    return { event };
  }
}

/** Seconds or milliseconds since 1970, or ISO text. */
function timestampMs(text: string): number {
  if (!/^\d+(\.\d+)?$/.test(text)) return Date.parse(text);
  const number = Number(text);
  return number < 1e11 ? number * 1000 : number;
}

function isSignedBy(secret: string, signed: string, signature: string, encoding: 'hex' | 'base64'): boolean {
  // Not imported: bundlers for browsers would look for it.
  const crypto = globalThis.process?.getBuiltinModule?.('node:crypto');
  if (!crypto) throw new WebhookVerificationError('UNSUPPORTED', 'Deliveries can only be verified on Node 20.16 or later, Deno or Bun');
  const expected = crypto.createHmac('sha256', secret).update(signed).digest();
  // Node parses hex up to the first other character, and would ignore the rest.
  if (encoding === 'hex' && !/^[0-9a-f]*$/i.test(signature)) return false;
  const given = Buffer.from(signature, encoding);
  return given.length === expected.length && crypto.timingSafeEqual(given, expected);
}
