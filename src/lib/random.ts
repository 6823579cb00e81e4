// The port to randomness: numbers and ids. Everything random takes a Random, so that a seed can replay it.

import { nanoid } from 'nanoid';
import { id } from './uuid.ts';

export interface Random {
  /** A number in [0, 1). */
  next(): number;
  /** An id for an entity or an attr. */
  uuid(): string;
  /** An id for a message: unique per client, and short. */
  eventId(): string;
}

export const systemRandom: Random = {
  next: () => Math.random(),
  uuid: () => id(),
  eventId: () => nanoid(),
};
