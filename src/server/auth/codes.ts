// Magic codes that are still good: as records of the app's log, one for each address, with the hashes of its codes.

import { rejection } from '../errors.ts';
import type { Records } from '../storage/storage.ts';
import { hashCode, isSameSecret, newSalt } from './secrets.ts';

interface Code {
  readonly salt: string;
  readonly hash: string;
  readonly at: number;
}

/** Of one address. More than this, and the oldest is no longer good. */
const maxCodes = 20;
const prefix = 'codes ';

type RecordMap = ReadonlyMap<string, unknown>;

function codesFor(records: RecordMap, email: string): readonly Code[] {
  return (records.get(prefix + email) as readonly Code[] | undefined) ?? [];
}

/** What to keep so that the code is good; what has grown old goes. */
export function withCode(records: RecordMap, email: string, code: string, at: number, ttlMs: number): Records {
  const salt = newSalt();
  const fresh = codesFor(records, email).filter((each) => at - each.at <= ttlMs);
  const old: Record<string, unknown> = {};
  for (const [name, codes] of records) {
    if (name.startsWith(prefix) && (codes as readonly Code[]).every((each) => at - each.at > 2 * ttlMs)) old[name] = null;
  }
  return { ...old, [prefix + email]: [...fresh, { salt, hash: hashCode(code, salt), at }].slice(-maxCodes) };
}

export interface SpentCode {
  readonly isExpired: boolean;
  readonly records: Records;
}

/** @throws InstantAPIError if it is none of the address's codes */
export function spendCode(records: RecordMap, email: string, code: string, at: number, ttlMs: number): SpentCode {
  const codes = codesFor(records, email);
  // All are compared, so that the time does not tell which.
  const matching = codes.filter(({ salt, hash }) => isSameSecret(hashCode(code, salt), hash));
  const [found] = matching;
  if (!found)
    throw rejection('record-not-found', 'Record not found: app-user-magic-code', { args: [], 'record-type': 'app-user-magic-code' });
  const rest = codes.filter((each) => !matching.includes(each));
  return { isExpired: at - found.at > ttlMs, records: { [prefix + email]: rest.length > 0 ? rest : null } };
}
