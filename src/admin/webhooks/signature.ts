// The signature of a webhook request: `t=<seconds>,kid=<key>,v1=<hex>`, Ed25519 over the time, a dot and the bytes of the body.

import { TriplaneError } from '../../errors.ts';
import { isObject } from '../../lib/json.ts';
import type { SigningKey } from './signing-keys.ts';
import type { WebhookBody } from './types.ts';

export interface Signature {
  /** When it was signed, as it was sent: seconds since 1970. */
  readonly t: string;
  readonly kid: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

const encoder = new TextEncoder();

/** @throws TriplaneError 'signature-invalid' */
export function parseSignature(header: unknown): Signature {
  if (typeof header !== 'string') throw invalid('The request has no Instant-Signature header');
  const parts = new Map<string, string>();
  for (const part of header.split(',')) {
    const [name = '', ...value] = part.split('=');
    parts.set(name.trim(), value.join('=').trim());
  }
  const [t, kid, v1] = ['t', 'kid', 'v1'].map((name) => parts.get(name) || undefined);
  if (!t || !kid || !v1) {
    const missingKeys = ['t', 'kid', 'v1'].filter((name) => !parts.get(name));
    throw invalid(`The Instant-Signature header lacks ${missingKeys.join(', ')}`, { header, missingKeys });
  }
  if (!/^\d{1,15}$/.test(t)) throw invalid('The time in the Instant-Signature header is not a number of seconds', { header });
  if (!/^[\da-f]{128}$/i.test(v1)) throw invalid('The signature in the Instant-Signature header is not 128 hexadecimal digits', { header });
  return { t, kid, bytes: Uint8Array.from(v1.match(/../g) ?? [], (digits) => parseInt(digits, 16)) };
}

/** A time in the future passes: clocks differ, and the key shows who signed. @throws TriplaneError 'signature-invalid', 'config-invalid' */
export function checkAge({ t }: Signature, receivedAt: Date, maxAgeSeconds: number): void {
  if (!(maxAgeSeconds >= 0)) throw new TriplaneError('config-invalid', `maxAgeSeconds must be 0 or more, and is ${String(maxAgeSeconds)}`);
  const ageSeconds = Math.floor(receivedAt.getTime() / 1000) - Number(t);
  if (ageSeconds > maxAgeSeconds) throw invalid('The webhook signature is too old', { tolerance: maxAgeSeconds, receivedAt, t });
  if (Number.isNaN(ageSeconds)) throw new TriplaneError('config-invalid', 'receivedAt must be a valid Date');
}

/** @throws TriplaneError 'signature-invalid' if the body is not what was signed */
export async function verifySignature({ t, bytes, kid }: Signature, { alg, key }: SigningKey, body: Uint8Array): Promise<void> {
  const start = encoder.encode(`${t}.`);
  const message = new Uint8Array(start.length + body.length);
  message.set(start);
  message.set(body, start.length);
  if (!(await crypto.subtle.verify(alg, key, bytes, message))) throw invalid('The webhook signature does not match the body', { t, kid });
}

/** @throws TriplaneError 'signature-invalid' for what was signed and is not the body of a webhook */
export function parseBody(bytes: Uint8Array): WebhookBody {
  const body = parse(bytes);
  if (isObject(body) && typeof body['payloadUrl'] === 'string' && typeof body['token'] === 'string') return body as WebhookBody;
  throw invalid('The body of a webhook request must be an object with payloadUrl and token');
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

export function invalid(message: string, hint?: object): TriplaneError {
  return new TriplaneError('signature-invalid', message, { hint });
}
