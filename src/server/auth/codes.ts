// Magic codes that are still good: as records of the app's log, one for each address, with the hashes of its codes.
//
// A code has a million values, so that tries have to be few. A network that was wrong five times has no more tries at a code, and all
// networks but the one that asked for the code have ten together. Who guesses from elsewhere keeps nobody out who signs in from where
// the code was asked for.

import { rejection } from '../errors.ts';
import type { Records } from '../storage/storage.ts';
import { hashCode, hashText, isSameSecret, newSalt } from './secrets.ts';

interface Code {
  /** Of its row, if an admin wrote it. */
  readonly id?: string;
  /** '' = none: the code is one that an admin wrote as a plain hash. */
  readonly salt: string;
  readonly hash: string;
  readonly at: number;
  /** The network that asked for it, as a hash. */
  readonly from?: string;
  /** Wrong tries by network. */
  readonly misses?: Readonly<Record<string, number>>;
}

/** Of one address. More than this, and the oldest is no longer good. */
const maxCodes = 20;
const maxMisses = 5;
/** Of all networks together that did not ask for the code. */
const maxMissesElsewhere = 10;
const prefix = 'codes ';

type RecordMap = ReadonlyMap<string, unknown>;

export interface CodeRequest {
  readonly email: string;
  readonly code: string;
  /** The network of the client; '' = the app's own server. */
  readonly network: string;
  readonly at: number;
  readonly ttlMs: number;
}

function codesFor(records: RecordMap, email: string): readonly Code[] {
  return (records.get(prefix + email) as readonly Code[] | undefined) ?? [];
}

/** What to keep so that the code is good; what has grown old goes. */
export function withCode(records: RecordMap, { email, code, network, at, ttlMs }: CodeRequest): Records {
  const salt = newSalt();
  const fresh = codesFor(records, email).filter((each) => at - each.at <= ttlMs);
  const old: Record<string, unknown> = {};
  for (const [name, codes] of records) {
    if (name.startsWith(prefix) && (codes as readonly Code[]).every((each) => at - each.at > 2 * ttlMs)) old[name] = null;
  }
  const made: Code = { salt, hash: hashCode(code, salt), at, from: hashCode(network, salt) };
  return { ...old, [prefix + email]: [...fresh, made].slice(-maxCodes) };
}

/** A code of which an admin has the hash, without salt. */
export function codeRecords(records: RecordMap, email: string, code: Pick<Code, 'hash' | 'at'> & { readonly id: string }): Records {
  return { [prefix + email]: [...codesFor(records, email), { ...code, salt: '' }].slice(-maxCodes) };
}

const hashOf = (code: string, salt: string): string => (salt === '' ? hashText(code) : hashCode(code, salt));

export interface WaitingCode {
  readonly id: string | undefined;
  readonly email: string;
  readonly hash: string;
  readonly at: number;
}

/** Of all addresses, the old ones too. */
export function waitingCodes(records: RecordMap): WaitingCode[] {
  return [...records].flatMap(([name, codes]) => {
    if (!name.startsWith(prefix)) return [];
    return (codes as readonly Code[]).map(({ id, hash, at }) => ({ id, email: name.slice(prefix.length), hash, at }));
  });
}

export interface SpentCode {
  readonly is: 'good' | 'expired' | 'wrong';
  readonly records: Records;
}

/** @throws InstantAPIError if there is no code at which the network has a try */
export function spendCode(records: RecordMap, { email, code, network, at, ttlMs }: CodeRequest): SpentCode {
  const codes = codesFor(records, email);
  const open = codes.filter((each) => hasTries(each, hashCode(network, each.salt)));
  // All are compared, so that the time does not tell which.
  const matching = open.filter(({ salt, hash }) => isSameSecret(hashOf(code, salt), hash));
  const [found] = matching;
  if (!found) {
    if (open.length === 0) throw noCode();
    return { is: 'wrong', records: { [prefix + email]: codes.map((each) => (open.includes(each) ? missed(each, network) : each)) } };
  }
  const rest = codes.filter((each) => !matching.includes(each));
  return { is: at - found.at > ttlMs ? 'expired' : 'good', records: { [prefix + email]: rest.length > 0 ? rest : null } };
}

function hasTries({ from, misses = {} }: Code, network: string): boolean {
  if ((misses[network] ?? 0) >= maxMisses) return false;
  if (network === from) return true;
  const elsewhere = Object.entries(misses).reduce((sum, [by, count]) => (by === from ? sum : sum + count), 0);
  return elsewhere < maxMissesElsewhere;
}

function missed(code: Code, network: string): Code {
  const by = hashCode(network, code.salt);
  return { ...code, misses: { ...code.misses, [by]: (code.misses?.[by] ?? 0) + 1 } };
}

function noCode(): Error {
  return rejection('record-not-found', 'Record not found: app-user-magic-code', { args: [], 'record-type': 'app-user-magic-code' });
}
