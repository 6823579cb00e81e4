// The answer to a query as it is sent, and what there is to read in it: triples, the place of a page, counts.
// Which rows they make up is not decided here.

import type { Triple, Value } from './triple.ts';

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

export interface PageInfo {
  readonly startCursor: Cursor | null;
  readonly endCursor: Cursor | null;
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
}

export interface QueryAnswer {
  readonly triples: Iterable<Triple>;
  /** By top-level namespace. */
  readonly pageInfo: Readonly<Record<string, PageInfo>> | undefined;
  readonly aggregate: Readonly<Record<string, unknown>> | undefined;
}

/** Reads both the flat form and the nested one. PROTOCOL.md#answers */
export function readAnswer(nodes: readonly WireNode[]): QueryAnswer {
  const first = nodes[0]?.data;
  const rows = nodes.length === 1 && isLeaf(nodes[0]) ? rowsOf(nodes[0]) : undefined;
  const pages = first?.['page-info'];
  return {
    triples: rows?.length === 1 && rows[0] ? rows[0] : walk(nodes),
    pageInfo: pages && Object.fromEntries(Object.entries(pages).map(([etype, page]) => [etype, readPageInfo(page)])),
    aggregate: first?.aggregate,
  };
}

/** The flat form: one node, one row. */
export function writeAnswer(answer: QueryAnswer): WireNode[] {
  const { triples, pageInfo, aggregate } = answer;
  const pages = pageInfo && Object.entries(pageInfo);
  return [
    {
      data: {
        'datalog-result': { 'join-rows': [[...triples]] },
        ...(pages && pages.length > 0 && { 'page-info': Object.fromEntries(pages.map(([etype, page]) => [etype, writePageInfo(page)])) }),
        ...(aggregate && { aggregate }),
      },
      'child-nodes': [],
    },
  ];
}

function readPageInfo(page: WirePageInfo): PageInfo {
  return {
    startCursor: page['start-cursor'],
    endCursor: page['end-cursor'],
    hasNextPage: page['has-next-page?'],
    hasPreviousPage: page['has-previous-page?'],
  };
}

function writePageInfo(page: PageInfo): WirePageInfo {
  return {
    'start-cursor': page.startCursor,
    'end-cursor': page.endCursor,
    'has-next-page?': page.hasNextPage,
    'has-previous-page?': page.hasPreviousPage,
  };
}

function isLeaf(node: WireNode | undefined): node is WireNode {
  return node !== undefined && !(node['child-nodes']?.length > 0);
}

function rowsOf(node: WireNode): readonly (readonly Triple[])[] {
  const rows: unknown = node.data?.['datalog-result']?.['join-rows'];
  return Array.isArray(rows) ? (rows as Triple[][]) : [];
}

function* walk(nodes: readonly WireNode[]): Generator<Triple> {
  for (const node of nodes) {
    for (const row of rowsOf(node)) yield* row;
    yield* walk(node['child-nodes'] ?? []);
  }
}
