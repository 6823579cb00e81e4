// In what a response differs from the recorded one. Sentences are not compared: ours are our own.

import { compareText, renumber } from './normalize.ts';
import type { Answer, Heard, Outcome } from './transcript.ts';

/**
 * How a step compares, best first. `hint`: the same error with another hint. `order`: the same items in another order.
 * `value`: another answer. `error`: another status or type of error. `refusal`: one server refuses, the other does not.
 * `missing`: no such route here. `skipped`: the step needs what an earlier one could not give. `unstable`: recorded so.
 */
export const differenceKinds = ['alike', 'hint', 'order', 'value', 'error', 'refusal', 'missing', 'skipped', 'unstable'] as const;
export type Kind = (typeof differenceKinds)[number];

const severity = (kind: Kind): number => differenceKinds.indexOf(kind);

/** `stale`: the sessions that may receive more than recorded, each as `session: query`. */
export function compareOutcomes(recorded: Outcome, ours: Outcome, stale: readonly string[] = []): Kind {
  const ofAnswer = recorded.answer || ours.answer ? compareAnswers(recorded.answer ?? {}, ours.answer ?? {}) : 'alike';
  if (severity(ofAnswer) > severity('hint')) return ofAnswer;
  const kinds = [ofAnswer, ...compareHeard(recorded.heard ?? {}, ours.heard ?? {}, stale)];
  return kinds.reduce((worst, kind) => (severity(kind) > severity(worst) ? kind : worst));
}

/** Of a step that two recordings tell in two ways: the answer to its request, and the replies to the message it says. */
export function compareStable(recorded: Outcome, ours: Outcome, said: unknown): Kind {
  const eventId = asObject(said)['client-event-id'];
  // Without a session, it is the answer that is told in two ways.
  const kinds: Kind[] = recorded.answer && recorded.heard ? [compareAnswers(recorded.answer, ours.answer ?? {})] : [];
  for (const [session, heard] of Object.entries(recorded.heard ?? {})) {
    const isReply = (message: unknown): boolean => eventId !== undefined && isSame(asObject(message)['client-event-id'], eventId);
    const replies = heard.filter(isReply);
    if (replies.length > 0) kinds.push(compareMessages(messages(replies), messages((ours.heard?.[session] ?? []).filter(isReply))));
  }
  return kinds.reduce((worst, kind) => (severity(kind) > severity(worst) ? kind : worst), 'alike');
}

type Body = Readonly<Record<string, unknown>>;

const asObject = (value: unknown): Body => (typeof value === 'object' && value !== null ? (value as Body) : {});
const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

function compareAnswers(recorded: Answer, ours: Answer): Kind {
  if (isNoRoute(ours) && !isNoRoute(recorded)) return 'missing';
  const [recordedError, ourError] = [errorOf(recorded), errorOf(ours)];
  if (!recordedError !== !ourError) return 'refusal';
  if (!isSame(recordedError, ourError)) return 'error';
  if (recordedError) return isSame(canonical(withoutSentences(recorded)), canonical(withoutSentences(ours))) ? 'alike' : 'hint';
  const [a, b] = [canonical(recorded), canonical(ours)];
  if (isSame(a, b) || isSame(madeUpLast(a), madeUpLast(b))) return 'alike';
  return isSame(sortedDeep(a), sortedDeep(b)) ? 'order' : 'value';
}

const isNoRoute = ({ status, body }: Answer): boolean => status === 404 && asObject(body)['type'] === undefined;

/** Status and type, if it is an error: the response to a request, or a message on a socket. */
function errorOf(answer: unknown): { status: unknown; type: unknown } | undefined {
  const { op, status, type, body } = asObject(answer);
  if (op === 'error') return { status, type };
  return op === undefined && Number(status) >= 400 ? { status, type: asObject(body)['type'] } : undefined;
}

function compareHeard(recorded: Heard, ours: Heard, stale: readonly string[]): Kind[] {
  const staleSessions = new Set(stale.map((entry) => entry.split(':')[0]));
  const sessions = new Set([...Object.keys(recorded), ...Object.keys(ours)]);
  return [...sessions].map((session) => {
    const a = messages(recorded[session] ?? []);
    const b = messages(ours[session] ?? []);
    return compareMessages(a, staleSessions.has(session) ? withoutUnknownResults(b, a) : b);
  });
}

function compareMessages(recorded: readonly unknown[], ours: readonly unknown[]): Kind {
  const hasError = recorded.some(errorOf);
  if (hasError !== ours.some(errorOf)) return 'refusal';
  if (!isSameSet(recorded.map(errorOnly), ours.map(errorOnly))) return hasError ? 'error' : 'value';
  return isSameSet(recorded.map(withoutSentences), ours.map(withoutSentences)) ? 'alike' : 'hint';
}

const isSameSet = (a: readonly unknown[], b: readonly unknown[]): boolean => isSame(texts(a), texts(b));
const texts = (values: readonly unknown[]): string[] => values.map((value) => JSON.stringify(value)).sort(compareText);

function errorOnly(message: unknown): unknown {
  const error = errorOf(message);
  return error ? { op: 'error', ...error, event: asObject(message)['client-event-id'] } : message;
}

const sentenceKeys = new Set(['message']);

/** An error without what is written for people. */
function withoutSentences(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSentences);
  if (typeof value !== 'object' || value === null) return value;
  const isRaised = (value as Body)['condition'] === 'raise-exception';
  const kept = Object.entries(value).filter(
    ([key, item]) => !sentenceKeys.has(key) && !(isRaised && key === 'constraint') && !(key === 'hint' && typeof item === 'string'),
  );
  return Object.fromEntries(kept.map(([key, item]) => [key, key === 'original-event' ? item : withoutSentences(item)]));
}

/** A refresh without news. The original sends these at will. */
export function isEmptyRefresh(message: unknown): boolean {
  const { op, computations, deltas, attrs } = asObject(message);
  const isEmpty = (list: unknown): boolean => !Array.isArray(list) || list.length === 0;
  return op === 'refresh-ok' && isEmpty(computations) && isEmpty(deltas) && !attrs;
}

/** Our messages without the results that the original held back. */
function withoutUnknownResults(ours: readonly unknown[], recorded: readonly unknown[]): unknown[] {
  const computationsOf = (message: unknown): unknown[] => (asObject(message)['computations'] ?? []) as unknown[];
  const known = new Set(recorded.flatMap(computationsOf).map((computation) => JSON.stringify(computation)));
  const kept = ours.map((message) => {
    if (asObject(message)['op'] !== 'refresh-ok') return message;
    return { ...asObject(message), computations: computationsOf(message).filter((one) => known.has(JSON.stringify(one))) };
  });
  return kept.filter((message) => !isEmptyRefresh(message));
}

/** Keys and rows in a fixed order, then the made-up ids numbered anew. */
const canonical = (value: unknown): unknown => renumber(sortedKeys(value));

function messages(heard: readonly unknown[]): unknown[] {
  const news = heard.filter((message) => !isEmptyRefresh(message)).map((message) => sortedKeys(message));
  return renumber(news.sort(byRank)) as unknown[];
}

/** The numbers of made-up ids depend on the order, and may not decide it. */
const rank = (value: unknown): string => JSON.stringify(value).replace(/\{\{id\d+\}\}/g, '{{id}}');
const byRank = (a: unknown, b: unknown): number => compareText(rank(a), rank(b));

function sortedKeys(value: unknown, key = ''): unknown {
  if (!Array.isArray(value)) return mapValues(value, sortedKeys);
  const items = value.map((item) => sortedKeys(item));
  if (key === 'join-rows') return items.map((rows) => [...(rows as unknown[])].sort(byRank));
  // Missing values are told in the order of the attributes' ids, which each run makes anew.
  return key === 'records' ? items.sort(byRank) : items;
}

/**
 * Rows of one transaction are in the order of their ids. Where the server makes the id up, the place of the row is chance: such rows are
 * moved to the end of their list.
 */
function madeUpLast(value: unknown): unknown {
  return renumber(withMadeUpLast(value));
}

function withMadeUpLast(value: unknown): unknown {
  if (!Array.isArray(value)) return mapValues(value, withMadeUpLast);
  const rows = value.map((item) => withMadeUpLast(item));
  return [...rows.filter((row) => !isMadeUp(row)), ...rows.filter(isMadeUp).sort(byRank)];
}

const isMadeUp = (row: unknown): boolean => /^\{\{id\d+\}\}$/.test(String(asObject(row)['id']));

function sortedDeep(value: unknown): unknown {
  if (!Array.isArray(value)) return mapValues(value, sortedDeep);
  return value.map((item) => sortedDeep(item)).sort((a, b) => compareText(JSON.stringify(a), JSON.stringify(b)));
}

function mapValues(value: unknown, change: (item: unknown, key: string) => unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => compareText(a, b));
  return Object.fromEntries(entries.map(([key, item]) => [key, change(item, key)]));
}
