// Which web origins may use the server, and which requests come from a browser on this machine that opened the server's own page.

import { TriplaneError } from '../errors.ts';
import { isLoopback } from './client-address.ts';

/** Whether pages of this origin may use the server. Requests without an `Origin` header do not come from a page and are allowed. */
export type AllowsOrigin = (origin: string) => boolean;

/** @throws TriplaneError 'config-invalid' */
export function allowedOrigins(origins: readonly string[] | undefined, own: () => string): AllowsOrigin {
  if (origins === undefined) return () => true;
  const allowed = new Set(origins.map(originOf));
  return (origin) => allowed.has('*') || allowed.has(origin.toLowerCase()) || isSameOrigin(origin, own());
}

function originOf(given: string): string {
  const text = given.trim();
  if (text === '*') return text;
  const isOrigin = /^[a-z][a-z0-9+.-]*:\/\/[^/?#@*\s]+\/?$/i.test(text) && URL.canParse(text);
  if (isOrigin) return asSent(new URL(text));
  throw new TriplaneError('config-invalid', `createServer: origins must be like 'https://app.example.com', and one is '${given}'`);
}

/** As browsers send it: without a default port, and with the ASCII form of an international name. Other schemes have no `URL.origin`. */
function asSent({ origin, protocol, host }: URL): string {
  return origin === 'null' ? `${protocol}//${host}`.toLowerCase() : origin;
}

function isSameOrigin(origin: string, url: string): boolean {
  return URL.canParse(url) && new URL(url).origin === origin.toLowerCase();
}

export interface PageRequest {
  /** The address of the connection itself, not the forwarded one. */
  readonly remote: string;
  readonly httpVersion: string | undefined;
  readonly headers: Headers;
}

/**
 * Whether somebody at this machine opened the server's own address in a browser. A page of another site is not that (`Origin`,
 * `Sec-Fetch-Site`), nor is a name of its own that points here (`Host`), nor a request that a proxy passes on.
 */
export function isOpenedLocally({ remote, httpVersion, headers }: PageRequest): boolean {
  // nginx speaks HTTP/1.0 by default, and then adds no header; browsers do not.
  if (!isLoopback(remote) || httpVersion === '1.0' || [...headers.keys()].some((name) => ofProxies.test(name))) return false;
  const host = headers.get('host') ?? '';
  const name = URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname.replace(/^\[|\]$/g, '') : '';
  if (name !== 'localhost' && !name.endsWith('.localhost') && !isLoopback(name)) return false;
  const origin = headers.get('origin');
  const site = headers.get('sec-fetch-site') ?? 'none';
  return (origin === null || origin === `http://${host}`) && (site === 'none' || site === 'same-origin');
}

/** A browser that opens a page sends none of these. */
const ofProxies = /^(x|cf|cdn|fly|fastly|wl|true|client|proxy|ngrok|tailscale|front-end)-|^(forwarded|via)\b/;
