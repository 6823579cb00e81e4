// The JSON of a long list in parts: writing it in one go would keep others waiting.

import { sliceSteps } from './slices.ts';

export interface ListTextOptions<T> {
  /** What is written of an item; default: the item. */
  readonly shown?: (item: T) => unknown;
  /** Default: as many as of steps in a slice. */
  readonly itemsOfPart?: number;
}

/** @returns the parts of the text; yields where others can be served */
export function* listTextSteps<T>(
  list: readonly T[],
  { shown = (item) => item, itemsOfPart = sliceSteps }: ListTextOptions<T> = {},
): Generator<void, string[]> {
  const parts = ['['];
  for (let at = 0; at < list.length; at += itemsOfPart) {
    const some = list.slice(at, at + itemsOfPart).map((item) => shown(item));
    parts.push(`${at > 0 ? ',' : ''}${JSON.stringify(some).slice(1, -1)}`);
    yield;
  }
  return [...parts, ']'];
}
