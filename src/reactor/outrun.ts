// Writes go out one behind the other without waiting. If one comes back because the server failed, those behind it may be there already:
// what they said must not be said over by the one that comes late.

import type { Attrs } from '../db/attrs.ts';
import type { Step } from '../protocol/step.ts';

/** What is left to be said of an earlier write when a later one has been applied. The same steps if it had nothing to do with it. */
export function outrun(steps: readonly Step[], later: readonly Step[], attrs: Attrs): readonly Step[] {
  const said = new Set<unknown>();
  for (const step of later) {
    if (step[0] === 'delete-entity') said.add(JSON.stringify([step[1]]));
    else if (step[0] === 'add-triple' || step[0] === 'retract-triple') said.add(placeOf(step, attrs));
  }
  const left = steps.filter((step) => {
    if (step[0] !== 'add-triple' && step[0] !== 'retract-triple' && step[0] !== 'deep-merge-triple') return true;
    const place = placeOf(step, attrs);
    return !said.has(JSON.stringify([step[1]])) && (place === undefined || !said.has(place));
  });
  return left.length < steps.length ? left : steps;
}

/** A value has its entity and attr for a place; a link among many has itself. The id of an entity is said by every write to it. */
function placeOf(
  [, e, a, v]: Extract<Step, readonly ['add-triple' | 'retract-triple' | 'deep-merge-triple', ...unknown[]]>,
  attrs: Attrs,
): unknown {
  const attr = attrs.byId(a);
  if (!attr || attr === attrs.idAttr(attr.etype)) return undefined;
  return JSON.stringify(attr.isRef && attr.isMany ? [e, a, v] : [e, a]);
}
