// A transaction from what was sent to what it does: checked, applied to a layer of its own, checked again. Either
// what it changes comes out, ready to be taken over, or the refusal. Nothing is stored or announced here.

import { Layer } from '../db/layer.ts';
import type { Report } from '../db/report.ts';
import type { Store } from '../db/store.ts';
import type { DataStep, Step } from '../protocol/step.ts';
import { applyAttrSteps, type Catalogue, type CatalogueChange, isAttrStep } from './attr-steps.ts';
import { applyDataSteps } from './data-steps.ts';
import { together } from './facts.ts';
import { checkInvariants, checkTraits, fillNulls, fillNullsOf } from './invariants.ts';
import { readSteps } from './step-shape.ts';
import type { Actor } from './system-rules.ts';
import type { Permit, Touch } from './touched.ts';

export interface TransactOptions {
  readonly actor: Actor;
  /** The time of what is new. */
  readonly at: number;
  readonly uuid: () => string;
  readonly permit?: Permit | undefined;
}

export interface Prepared {
  readonly report: Report;
  readonly catalogue: CatalogueChange;
}

/** @throws InstantAPIError; then nothing was changed */
export function prepare(
  store: Store,
  deleted: Catalogue['deleted'],
  steps: readonly (readonly unknown[])[],
  { actor, at, uuid, permit }: TransactOptions,
): Prepared {
  const read = readSteps(steps);
  const now = (): number => at;
  const catalogue = applyAttrSteps(store, { attrs: store.attrs, deleted }, read.filter(isAttrStep), actor);
  const layer = new Layer(store);
  if (catalogue.attrs !== store.attrs) layer.setAttrs(catalogue.attrs);
  const touches: Touch[] = [];
  applyDataSteps(layer, [...read.entries()].filter(isDataEntry), { actor, now, uuid, renamed: catalogue.renamed, touches });
  // Before the invariants: what one may not write tells nothing of what others have written.
  permit?.({ actor, before: store, after: layer, touches, newAttrs: catalogue.put });
  const written = layer.takeReport();
  fillNulls(layer, written, now);
  for (const attr of catalogue.tightened) fillNullsOf(layer, attr, now);
  const report = together(written, layer.takeReport());
  checkInvariants(store, layer.attrs, report);
  for (const attr of catalogue.tightened) if (layer.size(attr.etype) > 0) checkTraits(layer, attr);
  return { report, catalogue };
}

function isDataEntry(entry: [number, Step]): entry is [number, DataStep] {
  return !isAttrStep(entry[1]);
}
