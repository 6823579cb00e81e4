// Chance as it is handed in: numbers and ids. Whatever draws takes a Random, so that a seed can replay it.

import { nanoid } from 'nanoid';

import { id } from './uuid.ts';

export interface Random {
  /** At least 0, less than 1. */
  next(): number;
  /** An id for an entity or an attr. */
  uuid(): string;
  /** An id for a message: unique to the client, and short. */
  eventId(): string;
}

export const systemRandom: Random = {
  next: () => Math.random(),
  uuid: () => id(),
  eventId: () => nanoid(),
};
