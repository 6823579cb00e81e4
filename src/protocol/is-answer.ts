// What counts as an answer on the wire, before it is read: apart from its reading, as whoever checks frames does not read them.

import type { WireAnswer } from './query-answer.ts';

/** Seen from outside. What is in it is read with care by `readAnswer`. */
export function isAnswer(value: unknown): value is WireAnswer {
  return typeof value === 'object' && value !== null;
}
