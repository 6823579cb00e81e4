// The difference between two states of a room as a list of patches: created by a server, applied by a client. Works on any JSON and knows
// nothing about peers. PROTOCOL.md#patch-presence

import { equal } from '../lib/equal.ts';
import { isObject } from '../lib/json.ts';
import { hasOwn } from '../lib/own.ts';

/** A path from the room: a session id, then `data`, then keys and indexes. An empty path is the whole room. */
export type PatchPath = readonly (string | number)[];

/** `+` adds (in an array: inserts before), `r` replaces, `-` removes. Indexes refer to the state after the preceding patches. */
export type PresencePatch = readonly [path: PatchPath, op: '+' | 'r', value: unknown] | readonly [path: PatchPath, op: '-'];

export interface PatchResult {
  readonly state: unknown;
  /** Patches whose path does not exist in the state. They are skipped: the state is not the one the patches were created for. */
  readonly skipped: number;
}

/** Applies patches to a state. Parts that no patch touches keep their identity; the input is not modified. */
export function applyPatches(state: unknown, patches: readonly PresencePatch[]): unknown {
  return tryPatches(state, patches).state;
}

/** As `applyPatches`, and counts the patches that could not be applied. */
export function tryPatches(state: unknown, patches: readonly PresencePatch[]): PatchResult {
  let skipped = 0;
  for (const patch of patches) {
    const next = isPatch(patch) ? patched(state, patch, 0) : notFound;
    if (next === notFound) skipped++;
    else state = next;
  }
  return { state, skipped };
}

type Fields = Readonly<Record<string, unknown>>;

const notFound = Symbol('path not found');

/** Longer paths are rejected, so that no state grows deeper than recursion can go. */
const longestPath = 1000;

function isPatch(patch: unknown): patch is PresencePatch {
  if (!Array.isArray(patch) || !Array.isArray(patch[0]) || patch[0].length > longestPath) return false;
  return patch[1] === '-' || ((patch[1] === '+' || patch[1] === 'r') && patch.length > 2);
}

function patched(state: unknown, patch: PresencePatch, depth: number): unknown {
  const [path, op, value] = patch;
  if (depth === path.length) return op === '-' ? notFound : value;
  const step = path[depth];
  const last = depth === path.length - 1 ? op : undefined;
  const inside = (part: unknown): unknown => (last ? value : patched(part, patch, depth + 1));
  if (Array.isArray(state)) {
    const items: readonly unknown[] = state;
    const end = last === '+' ? state.length : state.length - 1;
    if (typeof step !== 'number' || !Number.isInteger(step) || step < 0 || step > end) return notFound;
    const part = inside(state[step]);
    return part === notFound
      ? notFound
      : [...items.slice(0, step), ...(last === '-' ? [] : [part]), ...items.slice(last === '+' ? step : step + 1)];
  }
  if (!isObject(state) || typeof step !== 'string' || step === '__proto__' || (!last && !hasOwn(state, step))) return notFound;
  // Removing a missing key succeeds: the result is the same.
  const { [step]: before, ...rest } = state;
  if (last === '-') return rest;
  const part = inside(before);
  return part === notFound ? notFound : { ...state, [step]: part };
}

/**
 * Computes the patches that lead from one state to the other; none if they are equal.
 *
 * The patches never replace a room as a whole and never empty an object by removals: InstantDB's clients ignore the former and remove the
 * parents of an emptied object with the latter.
 */
export function diffPresence(before: unknown, after: unknown): PresencePatch[] {
  if (isObject(before) && isObject(after)) return diffFields([], before, after);
  return equal(before, after) ? [] : [[[], 'r', after]];
}

function diff(path: PatchPath, before: unknown, after: unknown): readonly PresencePatch[] {
  const replaced: readonly PresencePatch[] = [[path, 'r', after]];
  const patches = diffWithin(path, before, after);
  if (!patches) return equal(before, after) ? [] : replaced;
  return patches.length === 0 || isShorter(patches, replaced) ? patches : replaced;
}

/** Undefined if the two values have no common structure to descend into. */
function diffWithin(path: PatchPath, before: unknown, after: unknown): readonly PresencePatch[] | undefined {
  if (Array.isArray(before) && Array.isArray(after)) {
    return before.length > 0 && after.length > 0 ? diffItems(path, before, after) : undefined;
  }
  if (!isObject(before) || !isObject(after)) return undefined;
  return Object.keys(before).length > 0 && Object.keys(after).length > 0 ? diffFields(path, before, after) : undefined;
}

/** Additions come first, so that the object is never empty in between. */
function diffFields(path: PatchPath, before: Fields, after: Fields): PresencePatch[] {
  const patches: PresencePatch[] = [];
  for (const [key, value] of Object.entries(after)) {
    if (!hasOwn(before, key)) patches.push([[...path, key], '+', value]);
    else for (const patch of diff([...path, key], before[key], value)) patches.push(patch);
  }
  for (const key of Object.keys(before)) {
    if (!hasOwn(after, key)) patches.push([[...path, key], '-']);
  }
  return patches;
}

/** Trims equal items at both ends, then diffs the rest item by item and adds or removes the surplus. */
function diffItems(path: PatchPath, before: readonly unknown[], after: readonly unknown[]): PresencePatch[] {
  const patches: PresencePatch[] = [];
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && equal(before[start], after[start])) start++;
  let tail = 0;
  while (tail < shorter - start && equal(before[before.length - 1 - tail], after[after.length - 1 - tail])) tail++;
  const end = shorter - tail;
  for (let at = start; at < end; at++) for (const patch of diff([...path, at], before[at], after[at])) patches.push(patch);
  for (let at = end; at < after.length - tail; at++) patches.push([[...path, at], '+', after[at]]);
  for (let at = before.length - tail - 1; at >= end; at--) patches.push([[...path, at], '-']);
  return patches;
}

const isShorter = (a: unknown, b: unknown): boolean => JSON.stringify(a).length < JSON.stringify(b).length;
