// The untyped shape of a query. The types that are inferred from a schema are in `types/query.ts`.

import type { Cursor, PageInfo } from '../protocol/query-result.ts';

export type { PageInfo };

export type WhereShape = Readonly<Record<string, unknown>>;

export interface QueryNodeOptions {
  readonly where?: WhereShape | undefined;
  readonly order?: Readonly<Record<string, unknown>> | undefined;
  readonly limit?: number | undefined;
  readonly first?: number | undefined;
  readonly last?: number | undefined;
  readonly offset?: number | undefined;
  readonly after?: Cursor | undefined;
  readonly before?: Cursor | undefined;
  readonly afterInclusive?: boolean | undefined;
  readonly beforeInclusive?: boolean | undefined;
  readonly fields?: readonly string[] | undefined;
  readonly aggregate?: string | undefined;
}

/** Options under `$`, and a form for each nested link. */
export interface QueryNodeShape {
  readonly $?: QueryNodeOptions | undefined;
  readonly [label: string]: QueryNodeShape | QueryNodeOptions | undefined;
}

/** A form for each namespace; `$$ruleParams` are the parameters of rules. */
export type Query = Readonly<Record<string, unknown>>;

export interface QueryResult {
  readonly data: Readonly<Record<string, readonly unknown[]>>;
  readonly pageInfo?: Readonly<Record<string, PageInfo>>;
  readonly aggregate?: Readonly<Record<string, unknown>>;
}
