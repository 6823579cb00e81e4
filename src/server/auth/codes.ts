// Valid magic codes: records of the app's log, one per address, with hashes of its codes.
//
// A code has only a million values, so tries are limited. A network with five wrong tries may not try a code again, and all networks other
// than the one that requested the code and those the user is known to sign in from share ten tries. So guessing from elsewhere cannot lock
// out the user who signs in from where the code was requested, or from a known network.

import { ageByClock, ageOf, type Moment, momentOf, type Now } from '../data/age.ts';
import { rejection } from '../errors.ts';
import type { Records } from '../storage/storage.ts';
import { hashCode, hashText, isSameSecret, newSalt } from './secrets.ts';

interface Code extends Moment {
  /** Id of the row, if an admin wrote it. */
  readonly id?: string;
  /** '' = none: an admin wrote the code as a plain hash. */
  readonly salt: string;
  readonly hash: string;
  /** Hash of the network that requested the code. */
  readonly from?: string;
  /** Wrong tries by network. */
  readonly misses?: Readonly<Record<string, number>>;
}

/** Codes per address, as many as an address is sent in an hour, so that requests of strangers do not invalidate the owner's code. */
const maxCodes = 120;
/** Codes per address requested by one network; more invalidate its oldest. */
const maxCodesOfNetwork = 30;
const maxMisses = 5;
/** A longer text is no code: it would be hashed with the salt of each. */
const maxCodeLength = 100;
/** Tries shared by all networks that did not request the code. */
const maxMissesElsewhere = 10;
const minuteMs = 60_000;
const prefix = 'codes ';

type RecordMap = ReadonlyMap<string, unknown>;

export interface CodeRequest extends Now {
  readonly email: string;
  readonly code: string;
  /** The client's network; '' for the app's own server. */
  readonly network: string;
  readonly ttlMs: number;
}

export interface CodeTry extends CodeRequest {
  /** The user is known to sign in from the network. */
  readonly isKnown: boolean;
}

/** Whether a code that a client requested for the address is valid for at least a minute, and may be tried from the network. */
export function hasSentCode(records: RecordMap, { email, network, isKnown, now, ttlMs }: Omit<CodeTry, 'code' | 'at'>): boolean {
  return codesFor(records, email).some((each) => {
    const isSent = each.from !== undefined && each.from !== hashCode('', each.salt);
    return isSent && ageByClock(each, now) <= ttlMs - minuteMs && hasTries(each, hashCode(network, each.salt), isKnown);
  });
}

function codesFor(records: RecordMap, email: string): readonly Code[] {
  return (records.get(prefix + email) as readonly Code[] | undefined) ?? [];
}

/** The record to store to make the code valid; drops expired codes. */
export function withCode(records: RecordMap, { email, code, network, at, now, ttlMs }: CodeRequest): Records {
  const salt = newSalt();
  const isOwn = (each: Code): boolean => each.from === hashCode(network, each.salt);
  const fresh = withoutOldest(
    codesFor(records, email).filter((each) => ageOf(each, { at, now }) <= ttlMs),
    isOwn,
  );
  const old: Record<string, unknown> = {};
  for (const [name, codes] of records) {
    if (name.startsWith(prefix) && (codes as readonly Code[]).every((each) => ageOf(each, { at, now }) > 2 * ttlMs)) old[name] = null;
  }
  const made: Code = { salt, hash: hashCode(code, salt), ...momentOf({ at, now }), from: hashCode(network, salt) };
  return { ...old, [prefix + email]: [...fresh, made] };
}

/** Makes room for one more code: of the network that requests it, if that has its share, or if there is no room for anybody. */
function withoutOldest(codes: readonly Code[], isOwn: (code: Code) => boolean): readonly Code[] {
  const own = codes.filter(isOwn);
  if (codes.length < maxCodes && own.length < maxCodesOfNetwork) return codes;
  const oldest = own[0] ?? codes[0];
  return codes.filter((each) => each !== oldest).slice(1 - maxCodes);
}

/** A code that an admin wrote as a hash without salt. */
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

/** Of all addresses, including expired ones. */
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

/** @throws InstantAPIError if the network has no tries left at any code */
export function spendCode(records: RecordMap, { email, code, network, isKnown, at, now, ttlMs }: CodeTry): SpentCode {
  const codes = codesFor(records, email);
  const open = codes.filter((each) => hasTries(each, hashCode(network, each.salt), isKnown));
  // All codes are compared, so that the duration does not reveal which one matched.
  const matching = code.length > maxCodeLength ? [] : open.filter(({ salt, hash }) => isSameSecret(hashOf(code, salt), hash));
  const [found] = matching;
  if (!found) {
    if (open.length === 0) throw noCode();
    return { is: 'wrong', records: { [prefix + email]: codes.map((each) => (open.includes(each) ? missed(each, network) : each)) } };
  }
  const rest = codes.filter((each) => !matching.includes(each));
  return { is: ageOf(found, { at, now }) > ttlMs ? 'expired' : 'good', records: { [prefix + email]: rest.length > 0 ? rest : null } };
}

function hasTries({ from, misses = {} }: Code, network: string, isKnown: boolean): boolean {
  if ((misses[network] ?? 0) >= maxMisses) return false;
  if (isKnown || network === from) return true;
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
