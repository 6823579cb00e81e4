// The entity changes of a transaction as reported to webhooks.

import type { Attrs, KnownAttr } from '../../db/attrs.ts';
import type { ChangeSet, RowChange } from '../../db/change-set.ts';
import type { Row } from '../../db/row.ts';
import { equal } from '../../lib/equal.ts';
import { eachInSlices } from '../slices.ts';
import type { EntityChange, Webhook } from './webhook.ts';

/**
 * Changes in the webhook's namespaces and of its kinds. A change of links alone does not count. A generator: yields where others can be
 * served.
 */
export function* changesFor({ namespaces, actions }: Webhook, changeSet: ChangeSet, attrs: Attrs): Generator<void, EntityChange[]> {
  const found: EntityChange[] = [];
  for (const namespace of namespaces) {
    const { blobs, idAttr } = attrs.namespace(namespace);
    yield* eachInSlices(changeSet.get(namespace) ?? [], ([id, change]) => {
      const made = changeOf(namespace, id, change, blobs, idAttr);
      if (made && actions.includes(made.action)) found.push(made);
    });
  }
  return found;
}

function changeOf(
  namespace: string,
  id: string,
  { before, after }: RowChange,
  blobs: readonly KnownAttr[],
  idAttr: KnownAttr | undefined,
): EntityChange | undefined {
  const [was, is] = [valuesOf(before, blobs, idAttr), valuesOf(after, blobs, idAttr)];
  if (is && !was) return { namespace, id, action: 'create', before: null, after: is };
  if (was && !is) return { namespace, id, action: 'delete', before: was, after: null };
  return was && is && !equal(was, is) ? { namespace, id, action: 'update', before: was, after: is } : undefined;
}

function valuesOf(row: Row | undefined, blobs: readonly KnownAttr[], idAttr: KnownAttr | undefined): Record<string, unknown> | undefined {
  if (!row?.exists(idAttr)) return undefined;
  const values = blobs.map((attr) => [attr.label, row.value(attr)] as const);
  return Object.fromEntries(values.filter(([label, value]) => value !== undefined && label !== '__proto__'));
}
