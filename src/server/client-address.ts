// A client's address, for rules and limits: the address of the connection, or, behind trusted proxies, the address seen by the farthest of
// them. Read from the right, because a client can write the left part of `X-Forwarded-For` itself.

import { BlockList, isIP } from 'node:net';
import { TriplaneError } from '../errors.ts';

/** The number of proxies in front of the server, or their addresses and networks (CIDR); `loopback` stands for this machine. */
export type TrustProxy = number | string | readonly string[];

/** An IP address, or '' if the connection has none. */
export type ClientAddress = (remote: string | undefined, forwardedFor: string | undefined) => string;

/** @throws TriplaneError 'config-invalid' */
export function clientAddress(trusted: TrustProxy | undefined): ClientAddress {
  const isTrusted = trustOf(trusted);
  return (remote, forwardedFor) => {
    let address = addressIn(remote ?? '') ?? '';
    const hops = (forwardedFor ?? '').split(',').reverse();
    for (const [hop, text] of hops.entries()) {
      const before = isTrusted(address, hop) ? hopIn(text) : undefined;
      if (before === undefined) break;
      address = before;
    }
    return address;
  };
}

type IsTrusted = (address: string, hop: number) => boolean;

function trustOf(trusted: TrustProxy | undefined): IsTrusted {
  if (trusted === undefined) return () => false;
  if (typeof trusted === 'number') {
    if (!Number.isInteger(trusted) || trusted < 0) throw notTrusted(trusted);
    return (_address, hop) => hop < trusted;
  }
  const list = new BlockList();
  for (const entry of typeof trusted === 'string' ? trusted.split(',') : trusted) add(list, String(entry).trim());
  // A connection without an address uses a socket file, so it comes from this machine.
  return (address) => list.check(address || '127.0.0.1', isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

function add(list: BlockList, entry: string): void {
  if (entry === 'loopback') {
    list.addSubnet('127.0.0.0', 8, 'ipv4');
    return list.addAddress('::1', 'ipv6');
  }
  // Without zones: addresses are compared without them, so `fe80::1%eth0` would trust the neighbours on every interface.
  const [, given = '', bits] = /^([^/%]+)(?:\/(\d+))?$/.exec(entry) ?? [];
  const address = isIP(given) === 0 ? undefined : addressIn(given);
  if (address === undefined) throw notTrusted(entry);
  const version = isIP(address);
  const most = version === 6 ? 128 : 32;
  const prefix = Number(bits ?? (isIP(given) === 6 ? 128 : 32)) - (isIP(given) === version ? 0 : mappedBits);
  if (prefix < 0 || prefix > most) throw notTrusted(entry);
  list.addSubnet(address, prefix, version === 6 ? 'ipv6' : 'ipv4');
}

function notTrusted(given: unknown): TriplaneError {
  const expected = "a number of proxies, 'loopback', or addresses and networks such as '10.0.0.0/8', without a zone";
  return new TriplaneError('config-invalid', `createServer: trustProxy must be ${expected}, and is '${String(given)}'`);
}

/** How many bits come before an IPv4 address in IPv6. */
const mappedBits = 96;

/** As a proxy writes it: maybe with a port, in brackets, in quotes. */
function hopIn(text: string): string | undefined {
  const trimmed = text.trim().replace(/^"(.*)"$/, '$1');
  const [, bracketed] = /^\[([^\]]+)\](?::\d+)?$/.exec(trimmed) ?? [];
  return addressIn(bracketed ?? (/^[\d.]+:\d+$/.test(trimmed) ? trimmed.slice(0, trimmed.indexOf(':')) : trimmed));
}

/** The one form of an address, which may have a zone or be IPv4 in IPv6; undefined if the text is not an address. */
function addressIn(address: string): string | undefined {
  if (isIP(address) !== 6) return isIP(address) === 4 ? address : undefined;
  const short = new URL(`http://[${address.replace(/%.*$/, '')}]`).hostname.slice(1, -1);
  const [, high, low] = /^::ffff:([\da-f]+):([\da-f]+)$/.exec(short) ?? [];
  if (high === undefined || low === undefined) return short;
  return [high, low].flatMap((part) => [parseInt(part, 16) >> 8, parseInt(part, 16) & 255]).join('.');
}

/** Whether it is an address of this machine. */
export function isLoopback(address: string): boolean {
  const known = addressIn(address) ?? '';
  return known === '::1' || (isIP(known) === 4 && known.startsWith('127.'));
}

/** The part of an address assigned to one customer: the first 64 bits of IPv6. Limits are counted by it. */
export function networkOf(address: string): string {
  if (isIP(address) !== 6) return address;
  const [head = '', tail] = address.split('::');
  const [before, after] = [head, tail ?? ''].map((part) => part.split(':').filter(Boolean)) as [string[], string[]];
  const zeros = Array.from({ length: tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length) }, () => '0');
  return `${[...before, ...zeros, ...after].slice(0, 4).join(':')}::/64`;
}
