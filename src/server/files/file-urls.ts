// Signed file URLs, which need no sign-in and are valid for seven days from the start of the day. All requests on one day get the same URL,
// so that browsers can cache the file.

import { createHmac, randomBytes } from 'node:crypto';
import { isUuid } from '../../lib/uuid.ts';
import { isSameSecret } from '../auth/secrets.ts';

const dayMs = 24 * 3_600_000;
const goodForSeconds = 7 * 24 * 3600;

/** Name of the record with the app's signing key. */
export const urlKeyRecord = 'file-url-key';

export function newUrlKey(): string {
  return randomBytes(32).toString('hex');
}

export interface UrlSigner {
  readonly origin: string;
  readonly appId: string;
  readonly key: string;
}

export function signedUrl({ origin, appId, key }: UrlSigner, location: string, now: number): string {
  const expires = Math.floor((now - (now % dayMs)) / 1000) + goodForSeconds;
  return `${origin}/storage/f/${appId}/${location}?e=${expires}&s=${signature(key, appId, location, expires)}`;
}

/** Whether the URL was signed by this app and has not expired. */
export function isGoodUrl({ appId, key }: Pick<UrlSigner, 'appId' | 'key'>, location: string, e: string, s: string, now: number): boolean {
  if (!isUuid(location) || !/^\d{1,12}$/.test(e)) return false;
  return isSameSecret(s, signature(key, appId, location, Number(e))) && now < Number(e) * 1000;
}

function signature(key: string, appId: string, location: string, expires: number): string {
  return createHmac('sha256', Buffer.from(key, 'hex')).update(`${appId}/${location}?${expires}`).digest('hex');
}
