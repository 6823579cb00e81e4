// What comes of reading an answer before its turn: no more than what changes, so that taking it over is a moment's work.

import type { Layer } from '../db/layer.ts';
import type { Report } from '../db/report.ts';
import type { Store } from '../db/store.ts';
import type { AnswerInfo, LiveResult } from '../query/run.ts';

/** Nothing but itself: another one where an answer would be read otherwise. */
export type Ground = object;

export interface ReadAhead {
  readonly ground: Ground;
  readonly info: AnswerInfo;
  /** What is to change in the answer that is held. */
  readonly changes: Layer;
  /** In its place, if none is held. */
  readonly fresh?: { readonly store: Store; readonly live: LiveResult; readonly report: Report };
}
