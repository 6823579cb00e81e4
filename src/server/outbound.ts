// Outgoing requests of the server, to sign-in providers and webhook receivers. Users choose the targets, so a request must not reach
// addresses that only this machine can reach: every resolved address is checked when the connection is made, and the connection goes to the
// checked address. Redirects are not followed; large and slow responses are cut off.

import { lookup as resolve } from 'node:dns/promises';
import { type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { BlockList, isIP, type LookupFunction } from 'node:net';

export interface OutboundOptions {
  readonly method?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | undefined;
}

export type Outbound = (url: string, options?: OutboundOptions) => Promise<Response>;

export interface OutboundConfig {
  /** Whether private addresses, and plain http, are allowed. */
  readonly allowPrivate: boolean;
  readonly timeoutMs: number;
  /** Maximum size of a response, in bytes. */
  readonly maxBytes: number;
}

export type OutboundFault = 'timeout' | 'dns' | 'connect' | 'tls' | 'protocol' | 'network' | 'unknown';

export class OutboundError extends Error {
  override readonly name = 'OutboundError';
  readonly fault: OutboundFault;
  constructor(fault: OutboundFault, message: string, cause?: unknown) {
    super(message, { cause });
    this.fault = fault;
  }
}

// One list per address family: an IPv6 list with `::ffff:0:0/96` in it matches every IPv4 address.
const privateRanges = { ipv4: new BlockList(), ipv6: new BlockList() };
for (const [network, bits] of [
  ...([
    ['0.0.0.0', 8],
    ['10.0.0.0', 8],
    ['100.64.0.0', 10],
    ['127.0.0.0', 8],
    ['169.254.0.0', 16],
    ['172.16.0.0', 12],
  ] as const),
  ...([
    ['192.0.0.0', 24],
    ['192.0.2.0', 24],
    ['192.88.99.0', 24],
    ['192.168.0.0', 16],
    ['198.18.0.0', 15],
    ['198.51.100.0', 24],
  ] as const),
  ...([
    ['203.0.113.0', 24],
    ['224.0.0.0', 4],
    ['240.0.0.0', 4],
  ] as const),
] as const) {
  privateRanges.ipv4.addSubnet(network, bits, 'ipv4');
}
// Loopback, documentation, unique local, link local and multicast addresses, and all ranges that embed an IPv4 address.
for (const [network, bits] of [
  ...([
    ['::', 96],
    ['::ffff:0:0', 96],
    ['64:ff9b::', 96],
    ['64:ff9b:1::', 48],
    ['100::', 64],
    ['2001::', 23],
    ['2001:db8::', 32],
  ] as const),
  ...([
    ['2002::', 16],
    ['fc00::', 7],
    ['fe80::', 10],
    ['fec0::', 10],
    ['ff00::', 8],
  ] as const),
] as const) {
  privateRanges.ipv6.addSubnet(network, bits, 'ipv6');
}

export function isPrivateAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 0) return true;
  return family === 4 ? privateRanges.ipv4.check(address, 'ipv4') : privateRanges.ipv6.check(address, 'ipv6');
}

/** Why requests to this address are refused; undefined if they are allowed. */
export async function targetFault(given: string, allowPrivate: boolean): Promise<string | undefined> {
  if (!URL.canParse(given)) return 'The URL is malformed';
  const url = new URL(given);
  if (url.username !== '' || url.password !== '') return 'The URL must not contain a user or a password';
  if (allowPrivate) return /^https?:$/.test(url.protocol) ? undefined : 'The URL must begin with https:// or http://';
  if (url.protocol !== 'https:') return 'The URL must begin with https://';
  try {
    await publicAddresses(hostOf(url));
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

export function outbound({ allowPrivate, timeoutMs, maxBytes }: OutboundConfig): Outbound {
  return async (given, { method = 'GET', headers = {}, body } = {}) => {
    const url = URL.canParse(given) ? new URL(given) : undefined;
    if (!url || !(url.protocol === 'https:' || (allowPrivate && url.protocol === 'http:')))
      throw new OutboundError('protocol', `${given} is no https URL`);
    const address = allowPrivate ? undefined : (await publicAddresses(hostOf(url)))[0];
    // Not resolved again: the name could stand for another address by then.
    const lookup: LookupFunction | undefined =
      address && ((_host, options, done) => (options.all ? done(null, [address]) : done(null, address.address, address.family)));
    const start = url.protocol === 'https:' ? requestHttps : requestHttp;
    const signal = AbortSignal.timeout(timeoutMs);
    const request = start(url, { method, headers, signal, agent: false, ...(lookup && { lookup }) });
    // What holds the process is the server: nobody waits for an answer once it is closed.
    request.on('socket', (socket) => socket.unref());
    const answered = answerTo(request, maxBytes)
      .then(responseOf)
      .catch((error: unknown) => {
        throw asFault(error, signal);
      });
    request.end(body);
    return answered;
  };
}

interface Answered {
  readonly answer: IncomingMessage;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** Settles whatever the other side does. Nothing is thrown in a listener: that would end the process. */
function answerTo(request: ClientRequest, maxBytes: number): Promise<Answered> {
  return new Promise((done, failed) => {
    request.on('response', (answer) => {
      const chunks: Buffer[] = [];
      let size = 0;
      const end = (): void => done({ answer, body: Buffer.concat(chunks).subarray(0, maxBytes) });
      answer.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        size += chunk.byteLength;
        if (size < maxBytes) return;
        end();
        answer.destroy();
      });
      answer.on('end', end);
      answer.on('error', failed);
    });
    // Without this listener, Node closes the socket and says nothing.
    request.on('upgrade', (_answer, socket) => {
      socket.destroy();
      failed(new OutboundError('protocol', 'the answer switches protocols'));
    });
    request.on('error', failed);
    request.on('close', () => failed(new OutboundError('network', 'the connection was closed')));
  });
}

/** @throws OutboundError for a status that is none */
function responseOf({ answer: { statusCode: status = 0, headers }, body }: Answered): Response {
  if (status < 200 || status > 599) throw new OutboundError('protocol', `the answer has the status ${status}`);
  const content = status === 204 || status === 205 || status === 304 ? null : body;
  return new Response(content, { status, headers: { 'content-type': headers['content-type'] ?? '' } });
}

interface Address {
  readonly address: string;
  readonly family: number;
}

async function publicAddresses(host: string): Promise<readonly Address[]> {
  const found = await resolve(host, { all: true }).catch((cause: unknown) => {
    throw new OutboundError('dns', `${host} cannot be resolved`, cause);
  });
  if (found.length === 0) throw new OutboundError('dns', `${host} cannot be resolved`);
  if (found.some(({ address }) => isPrivateAddress(address))) throw new OutboundError('connect', `${host} is a private address`);
  return found;
}

const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, '');

function asFault(given: unknown, signal: AbortSignal): OutboundError {
  if (given instanceof OutboundError) return given;
  const error = given instanceof Error ? given : new Error(String(given));
  if (signal.aborted) return new OutboundError('timeout', 'no answer in time', error);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return new OutboundError(faultFor(code), error.message || code, error);
}

function faultFor(code: string): OutboundFault {
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'dns';
  if (code === 'ECONNREFUSED' || code === 'EHOSTUNREACH' || code === 'ENETUNREACH' || code === 'EADDRNOTAVAIL') return 'connect';
  if (/CERT|TLS|SSL/.test(code)) return 'tls';
  if (code.startsWith('HPE_')) return 'protocol';
  return code === '' ? 'unknown' : 'network';
}
