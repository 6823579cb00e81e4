// Executes a transaction: validated, applied to a layer of its own, checked again. Returns the changes, ready to be committed, or throws
// the rejection. Nothing is stored or announced here.

import { Layer } from '../../db/layer.ts';
import type { ChangeSet } from '../../db/change-set.ts';
import type { Db } from '../../db/db.ts';
import type { WireAttr } from '../../protocol/attr.ts';
import type { DataStep, Step } from '../../protocol/transact-messages.ts';
import { sliceItems, sliceSteps } from '../slices.ts';
import { applyAttrSteps, type AttrCatalog, type AttrCatalogChange, isAttrStep } from './attr-steps.ts';
import { applyDataSteps } from './data-steps.ts';
import { attrsWithNewTypes } from './inferred-types.ts';
import { changeSetSteps, mergeChanges } from './triple-changes.ts';
import { checkConstraints, checkAttrConstraints, fillNulls, fillNullsOf } from './constraints.ts';
import { readSteps } from './step-shape.ts';
import type { Actor } from './system-rules.ts';
import type { AuthorizeWrite, Access } from './touched.ts';

export interface TransactOptions {
  readonly actor: Actor;
  /** Creation time of new triples. */
  readonly at: number;
  readonly uuid: () => string;
  readonly authorizeWrite?: AuthorizeWrite | undefined;
}

export interface Prepared {
  readonly changeSet: ChangeSet;
  readonly catalog: AttrCatalogChange;
}

/** With more accesses, a transaction has breaks between its checks. */
const longAccesses = 200;

/** A generator: yields where others can be served. @throws InstantAPIError; nothing is changed in that case */
export function* prepareSteps(
  store: Db,
  deleted: AttrCatalog['deleted'],
  steps: readonly (readonly unknown[])[],
  { actor, at, uuid, authorizeWrite }: TransactOptions,
): Generator<void, Prepared> {
  const read = yield* readSteps(steps);
  if (read.length > sliceSteps) yield;
  const now = (): number => at;
  const catalog = yield* applyAttrSteps(store, { attrs: store.attrs, deleted }, read.filter(isAttrStep), actor);
  const layer = new Layer(store);
  if (catalog.attrs !== store.attrs) layer.setAttrs(catalog.attrs);
  const accesses: Access[] = [];
  const { conflict, absent } = yield* applyDataSteps(layer, [...read.entries()].filter(isDataEntry), {
    actor,
    now,
    uuid,
    accesses,
  });
  if (catalog.misnamed && !conflict) throw catalog.misnamed;
  // A break comes before the first rule: a write that is put off at its first break has not counted for a limit of rates.
  const ofExisting = [...catalog.constrained, ...catalog.made];
  const isOfMany = ofExisting.some(({ etype }) => layer.size(etype) > sliceItems);
  const isLong = isOfMany || accesses.length + catalog.put.length > longAccesses;
  if (isLong) yield;
  // Permissions come before constraints: a forbidden write must not reveal other users' data.
  const { put: newAttrs } = catalog;
  if (authorizeWrite) yield* authorizeWrite({ actor, before: store, after: layer, accesses, newAttrs, steps: read, conflict });
  if (conflict) throw conflict;
  if (absent) throw absent;
  if (isLong) yield;
  const written = yield* changeSetSteps(layer);
  yield* fillNulls(layer, written, accesses, now);
  yield* fillNullsOf(layer, ofExisting, now);
  const changeSet = mergeChanges(written, yield* changeSetSteps(layer));
  if (isLong) yield;
  yield* checkConstraints(store, layer.attrs, changeSet);
  if (isLong) yield;
  for (const attr of catalog.constrained) if (layer.size(attr.etype) > 0) yield* checkAttrConstraints(layer, attr);
  return { changeSet, catalog: withTypes(catalog, yield* attrsWithNewTypes(layer.attrs, changeSet)) };
}

function withTypes(catalog: AttrCatalogChange, grown: readonly WireAttr[]): AttrCatalogChange {
  if (grown.length === 0) return catalog;
  const put = new Map([...catalog.put, ...grown].map((attr) => [attr.id, attr]));
  return { ...catalog, attrs: catalog.attrs.with(grown), put: [...put.values()] };
}

function isDataEntry(entry: [number, Step]): entry is [number, DataStep] {
  return !isAttrStep(entry[1]);
}
