// The entity of each stream as seen by queries: name, size and whether it is done. Its text is stored separately.

import type { Db } from '../../db/db.ts';
import { applySteps } from '../../db/apply.ts';
import { Layer } from '../../db/layer.ts';
import { timesAfter } from '../../db/times.ts';
import type { Row } from '../../db/row.ts';
import type { Store } from '../../db/store.ts';
import type { Step } from '../../protocol/transact-messages.ts';
import type { RuleParams } from '../../protocol/stream-messages.ts';
import type { AccessRecord } from '../data/touched.ts';
import type { Actor } from '../data/system-rules.ts';

export const streamsEtype = '$streams';

export function streamById(db: Db, id: string): Row | undefined {
  const row = db.row(streamsEtype, id.toLowerCase());
  return row?.exists(db.attrs.idAttr(streamsEtype)) ? row : undefined;
}

export function streamByClientId(db: Db, clientId: string): Row | undefined {
  const attr = db.attrs.forward(streamsEtype, 'clientId');
  const id = attr && db.find(attr, clientId);
  return id === undefined ? undefined : streamById(db, id);
}

export function valueOf(db: Db, row: Row, label: string): unknown {
  const attr = db.attrs.forward(streamsEtype, label);
  return attr && row.value(attr);
}

/** Steps that set these fields; the entity is created if missing. */
export function stepsFor(db: Db, id: string, fields: Readonly<Record<string, unknown>>): Step[] {
  return Object.entries({ id, ...fields }).flatMap(([label, value]) => {
    const attr = db.attrs.forward(streamsEtype, label);
    return attr ? [['add-triple', id, attr.id, value] satisfies Step] : [];
  });
}

/** A new stream, in the form rules are evaluated on. */
export function creation(db: Store, id: string, steps: readonly Step[], actor: Actor, params: RuleParams | null | undefined): AccessRecord {
  const after = new Layer(db);
  applySteps(after, steps, { now: () => 0, times: timesAfter });
  const access = { is: 'value', etype: streamsEtype, id, label: 'clientId' } as const;
  const paramAccesses = params ? [{ is: 'params', etype: streamsEtype, id, params } as const] : [];
  return { actor, before: db, after, accesses: [...paramAccesses, access], newAttrs: [] };
}
