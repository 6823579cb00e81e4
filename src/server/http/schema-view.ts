// The catalog in the form tools read: attrs by namespace and label, without internal ones.

import type { Attrs } from '../../db/attrs.ts';
import type { WireAttr } from '../../protocol/attr.ts';

/** System attrs that schemas do not show. */
export const hiddenAttrs: ReadonlySet<string> = new Set([
  ...['$files.content-type', '$files.content-disposition', '$files.size', '$files.location-id', '$files.key-version'],
  ...['$streams.machineId', '$streams.hashedReconnectToken'],
]);

interface SchemaView {
  readonly 'app-title': string;
  readonly attrs: readonly WireAttr[];
  readonly schema: {
    readonly blobs: Readonly<Record<string, Readonly<Record<string, WireAttr>>>>;
    readonly refs: Readonly<Record<string, WireAttr>>;
  };
}

export function schemaOf(attrs: Attrs, title = ''): SchemaView {
  const blobs = new Map<string, [string, WireAttr][]>();
  const refs: [string, WireAttr][] = [];
  for (const { wire, etype, label, isRef, reverseEtype = '', reverseLabel = '' } of attrs.list) {
    if (hiddenAttrs.has(`${etype}.${label}`)) continue;
    if (isRef) refs.push([`[${[etype, label, reverseEtype, reverseLabel].map((part) => JSON.stringify(part)).join(' ')}]`, wire]);
    else
      blobs.set(etype, [
        ...(blobs.get(etype) ?? []),
        [label, etype === '$files' && label === 'url' ? { ...wire, 'required?': true } : wire],
      ]);
  }
  return {
    'app-title': title,
    attrs: attrs.list.map(({ wire }) => wire),
    schema: {
      blobs: Object.fromEntries([...blobs].map(([etype, own]) => [etype, Object.fromEntries(own)])),
      refs: Object.fromEntries(refs),
    },
  };
}
