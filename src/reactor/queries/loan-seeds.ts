// The reasons that the steps of a write give to borrow rows of other results.

import type { Attrs } from '../../db/attrs.ts';
import type { Step } from '../../protocol/transact-messages.ts';
import { rowName, type Seed } from './borrowed-rows.ts';
import { endKey, type QueryNeeds } from './query-needs.ts';

/** By names that are equal for equal ones. */
export function seedsOf(steps: readonly Step[], needs: QueryNeeds, attrs: Attrs): Map<string, Seed> {
  const seeds = new Map<string, Seed>();
  const add = (etype: string, id: unknown, key?: string): void => {
    if (typeof id !== 'string') return;
    seeds.set(rowName(etype, id, key === undefined), (borrowing) => borrowing.row(etype, id, key === undefined));
    const isRead = needs.nodes.some(({ paths }) => paths.some(({ far, reads }) => far.etype === etype && (!key || reads.has(key))));
    if (isRead) seeds.set(`${etype} ${id} ${key}.`, (borrowing) => borrowing.far(etype, id, key));
  };
  for (const step of steps as readonly (readonly [string, unknown, string, unknown?, { mode?: string }?])[]) {
    const [op, e, attrId, value, options] = step;
    if (op === 'delete-entity') add(attrId, e);
    const attr = op.endsWith('-triple') ? attrs.byId(attrId) : undefined;
    if (!attr) continue;
    const isUpdated = attr === attrs.idAttr(attr.etype) && options?.mode === 'update';
    add(attr.etype, e, isUpdated || attr !== attrs.idAttr(attr.etype) ? attrId : '');
    if (!attr.isRef || attr.reverseEtype === undefined || typeof e !== 'string' || typeof value !== 'string') continue;
    add(attr.reverseEtype, value, endKey(attrId, false));
    if (needs.ends.some(({ link }) => link.attr.id === attrId)) seeds.set(`${attrId} ${e} ${value}`, (borrowing) => borrowing.link(attr, e, value)); // prettier-ignore
  }
  return seeds;
}
