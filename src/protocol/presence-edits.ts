// The difference between two states of a room, as a list of edits: made by a server, followed by a client.
// Works on any JSON; what a peer looks like is not known here. PROTOCOL.md#patch-presence

import { equal } from '../lib/equal.ts';
import { isObject } from './check.ts';

/** From the room down: a session id, then `data`, then keys and indexes. Empty = the whole room. */
export type EditPath = readonly (string | number)[];

/** `+` adds (in an array: inserts before), `r` replaces, `-` removes. Indexes count in the state the edits before have made. */
export type Edit = readonly [path: EditPath, op: '+' | 'r', value: unknown] | readonly [path: EditPath, op: '-'];

export interface Edited {
  readonly state: unknown;
  /** Edits that had no place in the state, and were left out: the state is not the one they were made for. */
  readonly missed: number;
}

/** The state after the edits. Parts that no edit touches keep their identity; the given state is left as it is. */
export function applyEdits(state: unknown, edits: readonly Edit[]): unknown {
  return followEdits(state, edits).state;
}

/** As `applyEdits`, and tells whether all had their place. */
export function followEdits(state: unknown, edits: readonly Edit[]): Edited {
  let missed = 0;
  for (const edit of edits) {
    const next = isEdit(edit) ? edited(state, edit, 0) : nowhere;
    if (next === nowhere) missed++;
    else state = next;
  }
  return { state, missed };
}

type Fields = Readonly<Record<string, unknown>>;

const nowhere = Symbol('no such place');

/** Longer paths lead nowhere, so that no state grows deeper than recursion can go. */
const longestPath = 1000;

function isEdit(edit: unknown): edit is Edit {
  if (!Array.isArray(edit) || !Array.isArray(edit[0]) || edit[0].length > longestPath) return false;
  return edit[1] === '-' || ((edit[1] === '+' || edit[1] === 'r') && edit.length > 2);
}

function edited(state: unknown, edit: Edit, depth: number): unknown {
  const [path, op, value] = edit;
  if (depth === path.length) return op === '-' ? nowhere : value;
  const step = path[depth];
  const last = depth === path.length - 1 ? op : undefined;
  const inside = (part: unknown): unknown => (last ? value : edited(part, edit, depth + 1));
  if (Array.isArray(state)) {
    const items: readonly unknown[] = state;
    const end = last === '+' ? state.length : state.length - 1;
    if (typeof step !== 'number' || !Number.isInteger(step) || step < 0 || step > end) return nowhere;
    const part = inside(state[step]);
    return part === nowhere
      ? nowhere
      : [...items.slice(0, step), ...(last === '-' ? [] : [part]), ...items.slice(last === '+' ? step : step + 1)];
  }
  if (!isObject(state) || typeof step !== 'string' || step === '__proto__' || (!last && !Object.hasOwn(state, step))) return nowhere;
  // Removing what is not there is done already.
  const { [step]: before, ...rest } = state;
  if (last === '-') return rest;
  const part = inside(before);
  return part === nowhere ? nowhere : { ...state, [step]: part };
}

/**
 * Edits that lead from one state to the other; none if they are equal.
 *
 * A room is never replaced whole, and nothing is emptied by removal: clients in use today drop the one, and take the
 * emptied object's parents away with the other.
 */
export function diffPresence(before: unknown, after: unknown): Edit[] {
  if (isObject(before) && isObject(after)) return diffFields([], before, after);
  return equal(before, after) ? [] : [[[], 'r', after]];
}

function diff(path: EditPath, before: unknown, after: unknown): readonly Edit[] {
  const replaced: readonly Edit[] = [[path, 'r', after]];
  const edits = diffWithin(path, before, after);
  if (!edits) return equal(before, after) ? [] : replaced;
  return edits.length === 0 || isShorter(edits, replaced) ? edits : replaced;
}

/** Undefined where there is no going inside. */
function diffWithin(path: EditPath, before: unknown, after: unknown): readonly Edit[] | undefined {
  if (Array.isArray(before) && Array.isArray(after)) {
    return before.length > 0 && after.length > 0 ? diffItems(path, before, after) : undefined;
  }
  if (!isObject(before) || !isObject(after)) return undefined;
  return Object.keys(before).length > 0 && Object.keys(after).length > 0 ? diffFields(path, before, after) : undefined;
}

/** Additions first, so that the object is at no time empty. */
function diffFields(path: EditPath, before: Fields, after: Fields): Edit[] {
  const edits: Edit[] = [];
  for (const [key, value] of Object.entries(after)) {
    if (!Object.hasOwn(before, key)) edits.push([[...path, key], '+', value]);
    else for (const edit of diff([...path, key], before[key], value)) edits.push(edit);
  }
  for (const key of Object.keys(before)) {
    if (!Object.hasOwn(after, key)) edits.push([[...path, key], '-']);
  }
  return edits;
}

/** The stretch between what is equal at both ends: item by item, then the rest added or removed. */
function diffItems(path: EditPath, before: readonly unknown[], after: readonly unknown[]): Edit[] {
  const edits: Edit[] = [];
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && equal(before[start], after[start])) start++;
  let tail = 0;
  while (tail < shorter - start && equal(before[before.length - 1 - tail], after[after.length - 1 - tail])) tail++;
  const end = shorter - tail;
  for (let at = start; at < end; at++) for (const edit of diff([...path, at], before[at], after[at])) edits.push(edit);
  for (let at = end; at < after.length - tail; at++) edits.push([[...path, at], '+', after[at]]);
  for (let at = before.length - tail - 1; at >= end; at--) edits.push([[...path, at], '-']);
  return edits;
}

const isShorter = (a: unknown, b: unknown): boolean => JSON.stringify(a).length < JSON.stringify(b).length;
