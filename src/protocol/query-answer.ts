// The answer to a query as it is sent, and what there is to read in it: triples, the place of a page, counts.
// Which rows they make up is not decided here. PROTOCOL.md#answers

// The difference between two answers to one query, for clients that asked for differences. PROTOCOL.md#deltas

// What counts as an answer on the wire, before it is read: apart from its reading, as whoever checks frames does not read them.

import type { Maybe } from './envelope.ts';
import { isObject } from '../lib/json.ts';
import { isTriple, type Triple, type Value } from './triple.ts';

/** A place in an ordered list: a triple of the attr it is ordered by. Opaque to users. */
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
  /** Entries that are no triples, and were left out. */
  readonly malformed: number;
}

/** Reads the flat form and the nested one, as far as either makes sense. One good row is handed on as it is, not copied. */
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

/** The flat form: one node, one row. */
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
  /** Undefined = as they were. */
  readonly pageInfo: TripleResult['pageInfo'];
  readonly aggregate: TripleResult['aggregate'];
}

/** Undefined if it is not to be trusted: a part left out of a difference is not made up for by the next one. */
export function readDelta({ removed, added, 'page-info': pages, aggregate }: ResultDelta): ReadDelta | undefined {
  if (!added.every(isTriple) || !removed.every(isRemoved)) return undefined;
  return { removed, added, pageInfo: pages ? mapValues(pages, readPageInfo) : undefined, aggregate: aggregate ?? undefined };
}

function isRemoved(entry: readonly unknown[]): boolean {
  return typeof entry[0] === 'string' && typeof entry[1] === 'string' && (entry[2] === undefined || typeof entry[2] === 'string');
}

/** A cursor as users hand it in: the time may be left out. */
export function readCursor(value: unknown): Cursor | undefined {
  if (!Array.isArray(value) || value.length < 3 || value.length > 4) return undefined;
  const [e, a, v, t = 0] = value as unknown[];
  return typeof e === 'string' && typeof a === 'string' && typeof t === 'number' ? [e, a, v, t] : undefined;
}

/** Node before children, first child first. With a stack, as a hostile answer may be deep. */
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

/** `v` only where an attr may have several. */
export type Removed = readonly [e: string, a: string, v?: string];

/** What came and went in an answer. To be taken up by whoever holds it as of `base-tx-id` or later. */
export interface ResultDelta {
  readonly 'instaql-query': WireQuery;
  /** The transaction after which the answer was what this is a difference to. */
  readonly 'base-tx-id': number;
  readonly removed: readonly Removed[];
  /** A value takes the place of the one before it. */
  readonly added: readonly Triple[];
  /** Of all namespaces, if any changed; as on the first node of an answer. */
  readonly 'page-info'?: Maybe<Readonly<Record<string, unknown>>>;
  readonly aggregate?: Maybe<Readonly<Record<string, unknown>>>;
}

/** Seen from outside. What is in it is read with care by `readAnswer`. */
export function isWireResult(value: unknown): value is WireResult {
  return typeof value === 'object' && value !== null;
}

// A query on the wire.

/** A query as asked. Sent back as an equal value, perhaps with its keys in another order. */
export type WireQuery = Readonly<Record<string, unknown>>;
