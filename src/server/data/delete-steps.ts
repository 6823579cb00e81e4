// Deletes an entity with all that its deletion leads to: a cascade may reach very many entities, so it is done in steps, and what a remaining
// row loses of its links, it loses at once.

import type { KnownAttr } from '../../db/attrs.ts';
import { type DanglingLink, deletionSteps } from '../../db/delete.ts';
import type { Layer } from '../../db/layer.ts';
import { timesAfter } from '../../db/times.ts';
import { inParts, sliceSteps } from '../slices.ts';
import { type Actor, checkSystemDelete } from './system-rules.ts';
import type { Access } from './touched.ts';

interface DeleteContext {
  readonly actor: Actor;
  readonly now: () => number;
  readonly accesses: Access[];
}

interface Entity {
  /** Undefined = in all of its namespaces. */
  readonly etype: string | undefined;
  readonly id: string;
}

/** A generator: yields where others can be served. @throws InstantAPIError */
export function* deleteSteps(layer: Layer, { etype, id }: Entity, { actor, now, accesses }: DeleteContext): Generator<void, void> {
  const { entities, links } = yield* inParts(deletionSteps(layer, id, etype));
  const doom = (of: string, doomed: string): void => {
    checkSystemDelete(of, doomed, actor);
    accesses.push({ is: 'delete', etype: of, id: doomed, root: id });
  };
  if (etype !== undefined && !entities.some((doomed) => doomed.etype === etype && doomed.id === id)) doom(etype, id);
  for (const [at, { attr, source, targets }] of bySource(links).entries()) {
    if (at % sliceSteps === sliceSteps - 1) yield;
    unlink(layer, attr, source, targets, now);
  }
  for (const [at, doomed] of entities.entries()) {
    if (at % sliceSteps === sliceSteps - 1) yield;
    doom(doomed.etype, doomed.id);
    if (layer.row(doomed.etype, doomed.id)) layer.put(doomed.etype, doomed.id, undefined);
  }
}

interface Unlinked {
  readonly attr: KnownAttr;
  readonly source: string;
  readonly targets: Set<string>;
}

function bySource(links: readonly DanglingLink[]): Unlinked[] {
  const all = new Map<string, Unlinked>();
  for (const { attr, source, target } of links) {
    const key = `${attr.id} ${source}`;
    const known = all.get(key);
    if (known) known.targets.add(target);
    else all.set(key, { attr, source, targets: new Set([target]) });
  }
  return [...all.values()];
}

function unlink(layer: Layer, attr: KnownAttr, source: string, targets: ReadonlySet<string>, now: () => number): void {
  const row = layer.row(attr.etype, source);
  if (!row) return;
  const rest = row.targets(attr).filter((target) => !targets.has(target));
  const links = rest.length > 1 ? rest : rest[0];
  layer.set(attr, source, row, links, row.t, timesAfter(row, attr, links, now));
}
