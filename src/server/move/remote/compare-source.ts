// Compares a copy with its source: counts and hashes of query results over HTTP, which is independent of how the copy was made. Creation
// times are not included.

import { isObject } from '../../../lib/json.ts';
import { Digest, type Field, type NamespaceDigest } from '../digest.ts';
import { isManyLink } from './live-copy.ts';
import type { Mirror } from './mirror.ts';
import type { RemoteApp } from './remote-app.ts';

const rowsAtOnce = 1000;

export interface ComparedCopy {
  readonly etype: string;
  readonly source: NamespaceDigest;
  readonly copy: NamespaceDigest;
}

export const isEqual = ({ source, copy }: ComparedCopy): boolean => source.rows === copy.rows && source.hash === copy.hash;

export async function compareWithSource(
  { app, mirror }: { readonly app: RemoteApp; readonly mirror: Mirror },
  etype: string,
  progress: (rows: number) => void,
): Promise<ComparedCopy> {
  const [source, copy] = [new Digest(), new Digest()];
  const links = mirror.attrs.filter((attr) => isManyLink(attr) && attr['forward-identity'][1] === etype);
  const targetOf = new Map(links.map((attr) => [attr['forward-identity'][2], attr['reverse-identity']?.[1] ?? '']));
  for await (const rows of queried(app, etype, [...targetOf.keys()])) {
    for (const row of rows) source.addRow(etype, String(row.id), 0, fieldsOf(etype, row, targetOf, mirror));
    progress(rows.length);
  }
  for (const rows of mirror.pages(etype, rowsAtOnce)) {
    for (const { id, fields } of rows) {
      const targets = links.map((attr) => [attr['forward-identity'][2], mirror.targets(attr.id, id)] as const);
      copy.addRow(etype, id, 0, fieldsOf(etype, { ...fields, ...Object.fromEntries(targets) }, targetOf, mirror));
    }
  }
  return { etype, source: source.of(etype), copy: copy.of(etype) };
}

type Row = Readonly<Record<string, unknown>>;

export async function* queried(app: RemoteApp, etype: string, links: readonly string[]): AsyncGenerator<readonly Row[]> {
  const linked = Object.fromEntries(links.map((label) => [label, { $: { fields: ['id'] } }]));
  for (let offset = 0; ; offset += rowsAtOnce) {
    const $ = { limit: rowsAtOnce, offset, order: { serverCreatedAt: 'asc' } };
    const { [etype]: rows } = await app.request('POST', '/admin/query', { query: { [etype]: { $, ...linked } } });
    const found = Array.isArray(rows) ? (rows as Row[]) : [];
    if (found.length > 0) yield found;
    if (found.length < rowsAtOnce) return;
  }
}

/** Servers differ in whether they send nulls, and in what they send for a link to a missing row. */
function fieldsOf(etype: string, row: Row, targetOf: ReadonlyMap<string, string>, mirror: Mirror): Field[] {
  return Object.entries(row).flatMap(([label, value]): Field[] => {
    if (label === 'id' || value === null || value === undefined || (etype === '$files' && label === 'url')) return [];
    const target = targetOf.get(label);
    if (target === undefined) return [[label, sorted(value)]];
    const ids = (Array.isArray(value) ? (value as unknown[]) : [value]).map((each) => (isObject(each) ? each.id : each));
    const present = ids.filter((each): each is string => typeof each === 'string' && mirror.has(target, each));
    return present.length === 0 ? [] : [[label, [...new Set(present)].sort()]];
  });
}

/** Equal values give equal texts. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  const entries = Object.entries(value).map(([key, each]) => [key, sorted(each)] as const);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}
