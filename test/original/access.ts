// Whether an answer of ours shows or permits what the recorded one does not: a difference that could let a stranger in.

import type { Answer, Heard, Outcome } from './transcript.ts';

export function permitsMore(recorded: Outcome, ours: Outcome): boolean {
  return answerPermitsMore(recorded.answer, ours.answer) || heardPermitsMore(recorded.heard ?? {}, ours.heard ?? {});
}

function answerPermitsMore(recorded: Answer | undefined, ours: Answer | undefined): boolean {
  if (!recorded || !ours || isError(ours)) return false;
  return isError(recorded) || showsMore(recorded.body, ours.body);
}

/** On a socket, a request that is denied there and has no error here. */
function heardPermitsMore(recorded: Heard, ours: Heard): boolean {
  return Object.entries(recorded).some(([session, messages]) => {
    return messages.some(isDenial) && !(ours[session] ?? []).some((message) => fieldOf(message, 'op') === 'error');
  });
}

const isError = ({ status = 200 }: Answer): boolean => status >= 400;
const isDenial = (message: unknown): boolean => String(fieldOf(message, 'type')).startsWith('permission-');
const fieldOf = (value: unknown, key: string): unknown => (value as Record<string, unknown> | null)?.[key];

/** Ours is true, or has an item or a value, where the recorded one is not or has none. The order of items does not count. */
function showsMore(recorded: unknown, ours: unknown): boolean {
  if (Array.isArray(ours)) {
    const known = Array.isArray(recorded) ? recorded : [];
    return ours.some((item) => !known.some((other) => isAbout(other, item) && !showsMore(other, item)));
  }
  if (typeof ours === 'object' && ours !== null) {
    const known = typeof recorded === 'object' ? recorded : {};
    return Object.entries(ours).some(([key, item]) => !explanations.has(key) && showsMore(fieldOf(known, key), item));
  }
  return ours !== null && ours !== undefined && ours !== false && ours !== recorded;
}

/** What tells of a rule, and not of data. */
const explanations = new Set(['program', 'warnings', 'version', 'rule-wheres', 'check-pass?']);

function isAbout(a: unknown, b: unknown): boolean {
  const identity = (item: unknown): string =>
    JSON.stringify(['entity', 'id', 'label', 'scope', 'eid', 'etype', 'action'].map((key) => fieldOf(item, key)));
  return typeof b !== 'object' || identity(a) === identity(b);
}
