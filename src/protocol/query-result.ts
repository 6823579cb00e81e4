// A query result in its wire form, and the parts read from it: triples, page info, aggregates. Evaluating the triples to rows is the query
// engine's work. Also holds the wire form of a query, and of the delta between two results. PROTOCOL.md#results, #deltas

import { isObject } from '../lib/json.ts';
import type { Maybe } from './envelope.ts';
import { isTriple, type Triple, type Value } from './triple.ts';

/** A position in an ordered list: a triple of the attr the list is ordered by. Opaque to users. */
export type Cursor = readonly [e: string, a: string, v: Value, t: number];

export interface WirePageInfo {
  readonly 'start-cursor': Cursor | null;
  readonly 'end-cursor': Cursor | null;
  readonly 'has-next-page?': boolean;
  readonly 'has-previous-page?': boolean;
}

export interface WireNode {
  readonly data: {
    readonly 'datalog-result': { readonly 'join-rows': readonly (readonly Triple[])[] };
    readonly 'page-info'?: Readonly<Record<string, WirePageInfo>>;
    readonly aggregate?: Readonly<Record<string, unknown>>;
  };
  readonly 'child-nodes': readonly WireNode[];
}

/** With `return-type: 'tree'`: rows as nested objects, by namespace. */
export type WireTree = Readonly<Record<string, unknown>>;
export type WireResult = readonly WireNode[] | WireTree;

export interface PageInfo {
  readonly startCursor: Cursor | null;
  readonly endCursor: Cursor | null;
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
}

export interface TripleResult {
  readonly triples: Iterable<Triple>;
  /** By top-level namespace. */
  readonly pageInfo: Readonly<Record<string, PageInfo>> | undefined;
  readonly aggregate: Readonly<Record<string, unknown>> | undefined;
}

export interface ReadResult extends TripleResult {
  readonly triples: readonly Triple[];
  /** Number of entries that are not triples; they are skipped. */
  readonly malformed: number;
}

/** Reads the flat and the nested form and skips malformed parts. A single valid row is returned without copying it. */
export function readResult(result: WireResult): ReadResult {
  const rows = rowsOf(result);
  const only = rows.length === 1 ? rows[0] : undefined;
  const first = Array.isArray(result) ? field(result[0], 'data') : undefined;
  const pages = field(first, 'page-info');
  const aggregate = field(first, 'aggregate');
  return {
    ...(only?.every(isTriple) ? { triples: only, malformed: 0 } : wellFormed(rows)),
    pageInfo: isObject(pages) ? mapValues(pages, readPageInfo) : undefined,
    aggregate: isObject(aggregate) ? aggregate : undefined,
  };
}

/** Writes the flat form: one node with one row. */
export function writeResult({ triples, pageInfo, aggregate }: TripleResult): WireNode[] {
  const row: readonly Triple[] = Array.isArray(triples) ? triples : [...triples];
  return [
    {
      data: {
        'datalog-result': { 'join-rows': [row] },
        ...(pageInfo && Object.keys(pageInfo).length > 0 && { 'page-info': mapValues(pageInfo, writePageInfo) }),
        ...(aggregate && Object.keys(aggregate).length > 0 && { aggregate }),
      },
      'child-nodes': [],
    },
  ];
}

export interface ReadDelta {
  readonly removed: readonly Removed[];
  readonly added: readonly Triple[];
  /** Undefined if unchanged. */
  readonly pageInfo: TripleResult['pageInfo'];
  readonly aggregate: TripleResult['aggregate'];
}

/** Undefined if any entry is malformed: skipping an entry of a delta would leave the result wrong for good. */
export function readDelta({ removed, added, 'page-info': pages, aggregate }: ResultDelta): ReadDelta | undefined {
  if (!added.every(isTriple) || !removed.every(isRemoved)) return undefined;
  return { removed, added, pageInfo: pages ? mapValues(pages, readPageInfo) : undefined, aggregate: aggregate ?? undefined };
}

function isRemoved(entry: readonly unknown[]): boolean {
  return typeof entry[0] === 'string' && typeof entry[1] === 'string' && (entry[2] === undefined || typeof entry[2] === 'string');
}

/** Reads a cursor supplied by a caller; the time may be missing. */
export function readCursor(value: unknown): Cursor | undefined {
  if (!Array.isArray(value) || value.length < 3 || value.length > 4) return undefined;
  const [e, a, v, t = 0] = value as unknown[];
  return typeof e === 'string' && typeof a === 'string' && typeof t === 'number' ? [e, a, v, t] : undefined;
}

/** Visits each node before its children, in order. Uses an explicit stack, because a hostile result may be deeply nested. */
function rowsOf(result: unknown): unknown[][] {
  const rows: unknown[][] = [];
  const stack: unknown[] = Array.isArray(result) ? result.slice().reverse() : [];
  while (stack.length > 0) {
    const node = stack.pop();
    const found = field(field(field(node, 'data'), 'datalog-result'), 'join-rows');
    if (Array.isArray(found)) for (const row of found) if (Array.isArray(row)) rows.push(row);
    const children = field(node, 'child-nodes');
    if (Array.isArray(children)) for (let at = children.length - 1; at >= 0; at--) stack.push(children[at]);
  }
  return rows;
}

function wellFormed(rows: readonly (readonly unknown[])[]): { triples: Triple[]; malformed: number } {
  const triples: Triple[] = [];
  let malformed = 0;
  for (const row of rows) {
    for (const entry of row) {
      if (isTriple(entry)) triples.push(entry);
      else malformed++;
    }
  }
  return { triples, malformed };
}

function readPageInfo(page: unknown): PageInfo {
  return {
    startCursor: readCursor(field(page, 'start-cursor')) ?? null,
    endCursor: readCursor(field(page, 'end-cursor')) ?? null,
    hasNextPage: field(page, 'has-next-page?') === true,
    hasPreviousPage: field(page, 'has-previous-page?') === true,
  };
}

export function writePages(pages: Readonly<Record<string, PageInfo>>): Record<string, WirePageInfo> {
  return mapValues(pages, writePageInfo);
}

function writePageInfo(page: PageInfo): WirePageInfo {
  return {
    'start-cursor': page.startCursor,
    'end-cursor': page.endCursor,
    'has-next-page?': page.hasNextPage,
    'has-previous-page?': page.hasPreviousPage,
  };
}

function mapValues<From, To>(record: Readonly<Record<string, From>>, change: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}

function field(value: unknown, key: string): unknown {
  return isObject(value) ? value[key] : undefined;
}

/** `v` is present only if the attr may have several values. */
export type Removed = readonly [e: string, a: string, v?: string];

/** The triples added to and removed from a result. Applies to a result as of `base-tx-id` or later. */
export interface ResultDelta {
  readonly 'instaql-query': WireQuery;
  /** The transaction id of the result this delta starts from. */
  readonly 'base-tx-id': number;
  readonly removed: readonly Removed[];
  /** For an attr with one value, the new value replaces the old one. */
  readonly added: readonly Triple[];
  /** Page info of all namespaces if any changed; as on the first node of a result. */
  readonly 'page-info'?: Maybe<Readonly<Record<string, unknown>>>;
  readonly aggregate?: Maybe<Readonly<Record<string, unknown>>>;
}

/** A shallow check; `readResult` validates the contents. */
export function isWireResult(value: unknown): value is WireResult {
  return typeof value === 'object' && value !== null;
}

/** A query in its wire form. The server returns it as an equal value, possibly with its keys in another order. */
export type WireQuery = Readonly<Record<string, unknown>>;
