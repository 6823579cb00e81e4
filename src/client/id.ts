// Ids for programs, and the check that this platform can make them. Programs import `createId` as `id`: in the built package, two modules of one
// file cannot export the same name.

import { TriplaneError } from '../errors.ts';
import { readGlobal } from '../lib/global.ts';
import { id } from '../lib/uuid.ts';

/**
 * Generates a new id, a random UUID (version 4).
 *
 * @throws TriplaneError 'dependency-missing' on a platform without secure randomness
 * @example
 * db.transact(db.tx.goals[id()].create({ title: 'Learn to swim' }));
 */
export function createId(): string {
  assertCrypto();
  return id();
}

/** @throws TriplaneError 'dependency-missing' */
export function assertCrypto(): void {
  if (readGlobal(() => typeof crypto.getRandomValues) === 'function') return;
  const message = "This platform has no crypto.getRandomValues. In React Native, import 'react-native-get-random-values' before triplane";
  throw new TriplaneError('dependency-missing', message);
}
