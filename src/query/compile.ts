// Compiles a query against an attr catalog: one node per form, with every name resolved. Independent of the data.

import { QueryValidationError } from '../errors.ts';
import type { Attrs, KnownAttr, Namespace } from '../db/attrs.ts';
import { type Order, order } from './order.ts';
import type { QueryNodeOptions, QueryNodeShape, Query } from './query.ts';
import { type LinkEnd, type Where, compileWhere, linkOf } from './where.ts';

export interface QueryNode {
  /** The key in the result. */
  readonly key: string;
  readonly etype: string;
  readonly idAttr: KnownAttr | undefined;
  /** Nothing can match, because a name is unknown. */
  readonly isEmpty: boolean;
  readonly where: Where | undefined;
  readonly order: Order;
  readonly options: QueryNodeOptions;
  /** The maximum number of rows; Infinity without a limit. */
  readonly limit: number;
  /** The limit applies to the last rows instead of the first. */
  readonly fromEnd: boolean;
  /** Begins at the first row: no offset, no cursor. */
  readonly isLeading: boolean;
  readonly attrs: Attrs;
  /** The selected values, in the order of their keys. */
  readonly fields: readonly KnownAttr[];
  readonly tree: TreeOptions | undefined;
  readonly children: readonly ChildQueryNode[];
  /** How result objects are protected against modification by subscribers; `none` if they are created for one caller. */
  readonly protection: 'none' | 'values' | 'frozen';
}

export interface ChildQueryNode extends QueryNode {
  /** Undefined for an unknown label. */
  readonly link: LinkEnd | undefined;
  /** The result is one object instead of a list. */
  readonly isSingular: boolean;
}

export interface CompiledQuery {
  readonly query: Query;
  readonly attrs: Attrs;
  readonly nodes: readonly QueryNode[];
  /** Every namespace it reads, including those in paths. */
  readonly etypes: ReadonlySet<string>;
}

/** By namespace and label; a schema's `LinkIndex` is one. */
export type SingularLinks = Readonly<Record<string, Readonly<Record<string, { readonly isSingular: boolean }>>>>;

export interface CompileOptions {
  /** The links whose result is one object. */
  readonly singular?: SingularLinks | undefined;
  /** Several subscribers receive the result, each through a `Snapshot`; shared objects are frozen. */
  readonly isShared?: boolean | undefined;
  /** Values of date attrs are returned as `Date` objects. */
  readonly useDates?: boolean | undefined;
  /** The result is a tree, as the admin API returns it. */
  readonly tree?: TreeOptions | undefined;
  /** Whether `$entityIdStartsWith` filters. Clients skip it, as the reference client does: what they hold was filtered by the server. */
  readonly filtersByIdPrefix?: boolean | undefined;
}

/** In a tree a link that has one end is a field too, nothing there is null, and a counted namespace is an empty list. PROTOCOL.md#results */
export interface TreeOptions {
  /** Omits the key of a nested link without targets, instead of returning an empty list. */
  readonly omitsUnlinked: boolean;
}

/** Shared by all nodes of a query. */
interface CompileContext extends CompileOptions {
  readonly attrs: Attrs;
  readonly etypes: Set<string>;
}

export function compile(query: Query, attrs: Attrs, options: CompileOptions = {}): CompiledQuery {
  const context: CompileContext = { ...options, attrs, etypes: new Set() };
  const nodes: QueryNode[] = [];
  for (const [etype, shape] of Object.entries(query)) {
    if (etype !== '$$ruleParams' && shape !== undefined) nodes.push(compileNode(etype, etype, shape as QueryNodeShape, context));
  }
  return { query, attrs, nodes, etypes: context.etypes };
}

function compileNode(key: string, etype: string, shape: QueryNodeShape, context: CompileContext): QueryNode {
  const { attrs, etypes, tree } = context;
  const namespace = attrs.namespace(etype);
  const options = optionsOf(shape);
  const where = options.where && compileWhere(options.where, etype, context);
  etypes.add(etype);
  const fields = fieldsOf(options.fields, namespace, tree !== undefined);
  const children = Object.keys(shape)
    .filter((label) => label !== '$' && shape[label] !== undefined)
    .map((label) => compileChild(label, namespace, etype, shape[label] as QueryNodeShape, context));
  return {
    key,
    etype,
    attrs,
    idAttr: namespace.idAttr,
    isEmpty: namespace.idAttr === undefined || (options.where !== undefined && where === undefined),
    where,
    order: order(etype, options.order, attrs),
    options: options,
    limit: limitOf(options),
    fromEnd: isCount(options.last) && !isCount(options.limit) && !isCount(options.first),
    isLeading: !options.offset && !options.before && !options.after,
    fields,
    tree,
    children,
    protection: protectionOf(fields, children, context),
  };
}

/** Rows that contain dates or lists cannot be frozen completely, so each subscriber receives a copy. */
function protectionOf(fields: readonly KnownAttr[], children: readonly ChildQueryNode[], context: CompileContext): QueryNode['protection'] {
  if (!context.isShared) return 'none';
  const hasDates = context.useDates === true && fields.some(({ checkedType }) => checkedType === 'date');
  return !hasDates && children.every(({ isSingular, protection }) => isSingular && protection === 'frozen') ? 'frozen' : 'values';
}

function compileChild(label: string, namespace: Namespace, parent: string, shape: QueryNodeShape, context: CompileContext): ChildQueryNode {
  const link = linkOf(namespace, label);
  if (!link && namespace.forward.has(label)) {
    throw new QueryValidationError(
      `'${label}' is a value of '${parent}', not a link: nothing can be nested below it`,
      `${parent}.${label}`,
    );
  }
  const isSingular = context.singular?.[parent]?.[label]?.isSingular ?? false;
  const node = link ? compileNode(label, link.etype, shape, context) : compileNode(label, '', {}, context);
  return { ...node, isEmpty: !link || node.isEmpty, link, isSingular };
}

/** Null and false mean that the option is not set, as in `limit: isLong && 10`. */
export function isGiven(option: unknown): boolean {
  return option !== undefined && option !== null && option !== false;
}

function optionsOf({ $: options }: QueryNodeShape): QueryNodeOptions {
  if (typeof options !== 'object' || options === null) return {};
  return Object.fromEntries(Object.entries(options).filter(([, option]) => isGiven(option)));
}

function isCount(count: unknown): count is number {
  return typeof count === 'number' && count > 0;
}

function limitOf({ limit, first, last }: QueryNodeOptions): number {
  return [limit, first, last].find(isCount) ?? Number.POSITIVE_INFINITY;
}

function fieldsOf(fields: readonly string[] | undefined, { blobs, links, forward }: Namespace, hasLinks: boolean): readonly KnownAttr[] {
  const all = hasLinks ? [...blobs, ...links] : blobs;
  const selected = Array.isArray(fields) ? [...new Set([...(fields as string[]), 'id'])].map((label) => forward.get(label)) : all;
  const isShown = (attr: KnownAttr): boolean => (attr.isRef ? hasLinks && !attr.isMany : true) && attr.label !== '__proto__';
  return selected.filter((attr) => attr !== undefined && isShown(attr)) as KnownAttr[];
}
