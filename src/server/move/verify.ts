// Reads the staged data back and digests it, for the comparison with the source.

import type { WireAttr } from '../../protocol/attr.ts';
import type { Triple } from '../../protocol/triple.ts';
import { locationIn, type LocationRecord } from '../files/file-entities.ts';
import type { Stage } from '../storage/storage.ts';
import type { Catalog } from './catalog.ts';
import { Digest, type Field } from './digest.ts';
import { digestOAuth, digestRecord, type NamedRecord } from './system-rows.ts';

interface Chunk {
  readonly field: string;
  readonly list?: readonly unknown[];
  readonly entries?: readonly NamedRecord[];
}

export interface Verified {
  readonly digest: Digest;
  readonly triples: number;
  readonly files: readonly { readonly location: string; readonly key: string; readonly size: number }[];
}

export async function readBack(stage: Stage, catalog: Catalog): Promise<Verified> {
  const digest = new Digest();
  const attrs = new Map([...catalog.own, ...systemOf(catalog)].map((attr) => [attr.id, attr]));
  const files: { location: string; key: string; size: number }[] = [];
  let triples = 0;
  for (let at = 0; at < stage.length; at++) {
    const { field, list = [], entries = [] } = JSON.parse((await stage.read(at)) ?? '{}') as Chunk;
    if (field === 'triples') {
      triples += list.length;
      digestTriples(digest, list as readonly Triple[], attrs);
    }
    if (field !== 'records') continue;
    for (const [name, value] of entries) {
      const location = locationIn(name);
      if (location !== undefined) files.push({ location, ...(value as LocationRecord) });
      else if (name === 'oauth') digestOAuth(digest, value);
      else digestRecord(digest, [name, value]);
    }
  }
  return { digest, triples, files };
}

function systemOf(catalog: Catalog): WireAttr[] {
  return ['$users', '$files', '$streams'].flatMap((etype) => [...catalog.namespace(etype).values()]);
}

/** A row is in a single chunk, with its triples adjacent. */
function digestTriples(digest: Digest, triples: readonly Triple[], attrs: ReadonlyMap<string, WireAttr>): void {
  let current: { etype: string; id: string; at: number; fields: Map<string, unknown> } | undefined;
  const end = (): void => {
    if (current) digest.addRow(current.etype, current.id, current.at, [...current.fields].map(asField));
  };
  for (const [e, a, v, t] of triples) {
    const attr = attrs.get(a);
    if (!attr) continue;
    const [, etype, label] = attr['forward-identity'];
    if (current?.id !== e || current.etype !== etype) {
      end();
      current = { etype, id: e, at: t, fields: new Map() };
    }
    if (etype === '$files' && label === 'url') continue;
    const isMany = attr['value-type'] === 'ref' && attr.cardinality === 'many';
    const before = (current.fields.get(label) ?? []) as readonly unknown[];
    current.fields.set(label, isMany ? [...before, v].sort() : v);
  }
  end();
}

const asField = ([label, value]: readonly [string, unknown]): Field => [label, value];
