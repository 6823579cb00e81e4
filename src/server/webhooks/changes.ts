// The entity changes of a transaction as reported to webhooks.

import type { Attrs, KnownAttr } from '../../db/attrs.ts';
import type { ChangeSet, RowChange } from '../../db/change-set.ts';
import type { Row } from '../../db/row.ts';
import { equal } from '../../lib/equal.ts';
import type { EntityChange, Webhook } from './webhook.ts';

/** Changes in the webhook's namespaces and of its kinds. A change of links alone does not count. */
export function changesFor({ namespaces, actions }: Webhook, changeSet: ChangeSet, attrs: Attrs): EntityChange[] {
  return namespaces.flatMap((namespace) => {
    const changes = changeSet.get(namespace);
    if (!changes) return [];
    const { blobs, idAttr } = attrs.namespace(namespace);
    const found = [...changes].flatMap(([id, change]) => changeOf(namespace, id, change, blobs, idAttr) ?? []);
    return found.filter(({ action }) => actions.includes(action));
  });
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
