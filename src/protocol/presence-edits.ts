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

const nowhere = Symbol('no such place');

function isEdit(edit: unknown): edit is Edit {
  if (!Array.isArray(edit) || !Array.isArray(edit[0])) return false;
  return edit[1] === '-' || ((edit[1] === '+' || edit[1] === 'r') && edit.length > 2);
}

function edited(state: unknown, edit: Edit, depth: number): unknown {
  const [path, op, value] = edit;
  if (depth === path.length) return op === 'r' || op === '+' ? value : nowhere;
  const isLast = depth === path.length - 1;
  const step = path[depth];
  if (Array.isArray(state)) return typeof step === 'number' ? editedArray(state, step, edit, isLast ? undefined : depth + 1) : nowhere;
  if (!isObject(state) || typeof step !== 'string') return nowhere;
  if (isLast && op === '-') return without(state, step);
  if (isLast) return { ...state, [step]: value };
  if (!Object.hasOwn(state, step)) return nowhere;
  const part = edited(state[step], edit, depth + 1);
  return part === nowhere ? nowhere : { ...state, [step]: part };
}

/** `deeper` = undefined at the end of the path. */
function editedArray(state: readonly unknown[], index: number, edit: Edit, deeper: number | undefined): unknown {
  const [, op, value] = edit;
  const end = deeper === undefined && op === '+' ? state.length + 1 : state.length;
  if (!Number.isInteger(index) || index < 0 || index >= end) return nowhere;
  if (deeper !== undefined) {
    const part = edited(state[index], edit, deeper);
    return part === nowhere ? nowhere : state.with(index, part);
  }
  if (op === '+') return state.toSpliced(index, 0, value);
  return op === '-' ? state.toSpliced(index, 1) : state.with(index, value);
}

/** Removing what is not there is done already. */
function without(state: Readonly<Record<string, unknown>>, key: string): Readonly<Record<string, unknown>> {
  if (!Object.hasOwn(state, key)) return state;
  const { [key]: _, ...rest } = state;
  return rest;
}

/** Edits that lead from one state to the other; none if they are equal. */
export function diffPresence(before: unknown, after: unknown): Edit[] {
  if (isObject(before) && isObject(after)) return diffObjects([], before, after);
  return equal(before, after) ? [] : [[[], 'r', after]];
}

function diffObjects(path: EditPath, before: Readonly<Record<string, unknown>>, after: Readonly<Record<string, unknown>>): Edit[] {
  const edits: Edit[] = [];
  for (const [key, value] of Object.entries(after)) {
    if (!Object.hasOwn(before, key)) edits.push([[...path, key], '+', value]);
    else edits.push(...diffValues([...path, key], before[key], value));
  }
  for (const key of Object.keys(before)) {
    if (!Object.hasOwn(after, key)) edits.push([[...path, key], '-']);
  }
  return edits;
}

function diffValues(path: EditPath, before: unknown, after: unknown): Edit[] {
  return equal(before, after) ? [] : [[path, 'r', after]];
}
