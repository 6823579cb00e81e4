// What a query has to know of an entity before it can show it, or decide about it: compiled once per query.

import type { KnownAttr } from '../../db/attrs.ts';
import type { CompiledQuery, QueryNode } from '../../query/compile.ts';
import type { LinkEnd, LinkStep, Where } from '../../query/where.ts';

export interface EntityNeed {
  readonly etype: string;
  /** Without these, nothing can be said: what is shown, and what passes a condition if it is missing. */
  readonly attrs: readonly KnownAttr[];
  readonly links: readonly LinkNeed[];
  /** Shown: it has to exist. Otherwise a condition looks at it. */
  readonly isShown: boolean;
}

export interface LinkNeed {
  readonly link: LinkEnd;
  readonly far: EntityNeed;
  /** Which of the linked entities are shown. Undefined: the link is only looked at by conditions that a missing one does not pass. */
  readonly filter: string | undefined;
}

/** A form, and how its conditions reach other entities. */
export interface NodeNeed {
  readonly node: QueryNode;
  readonly need: EntityNeed;
  readonly paths: readonly ConditionPath[];
}

/** The links that lead from a row to an entity that a condition looks at, and what it needs of it. */
export interface ConditionPath {
  readonly steps: readonly LinkStep[];
  readonly far: EntityNeed;
}

export interface QueryNeeds {
  /** The ids of the attrs that decide which rows are shown. */
  readonly deciding: ReadonlySet<string>;
  readonly nodes: readonly NodeNeed[];
}

const cache = new WeakMap<CompiledQuery, QueryNeeds>();

export function needsOf(compiled: CompiledQuery): QueryNeeds {
  let needs = cache.get(compiled);
  if (!needs) cache.set(compiled, (needs = readQuery(compiled)));
  return needs;
}

/** Linked entities that are the same ones for two queries: what else a nested form asks for is decided by the client. */
export const filterOf = ({ options: { where } }: QueryNode): string => JSON.stringify(where ?? null);

function readQuery(compiled: CompiledQuery): QueryNeeds {
  const deciding = new Set<string>();
  const nodes: NodeNeed[] = [];
  const visit = (node: QueryNode): NodeNeed => {
    const children = node.children.filter(isAsked).map((child) => [child, visit(child).need] as const);
    for (const [{ link }] of children) if (link) deciding.add(link.attr.id);
    const { attr } = node.order;
    if (attr && (Number.isFinite(node.limit) || !node.isLeading)) deciding.add(attr.id);
    const attrs = new Set(attr ? [...node.fields, attr] : node.fields);
    const links = children.flatMap(([child, far]): LinkNeed[] => (child.link ? [{ link: child.link, far, filter: filterOf(child) }] : []));
    const paths: ConditionPath[] = [];
    if (node.where) readWhere(node.where, [], { attrs, links, paths, deciding });
    const nodeNeed: NodeNeed = { node, need: { etype: node.etype, attrs: [...attrs], links, isShown: true }, paths };
    nodes.push(nodeNeed);
    return nodeNeed;
  };
  compiled.nodes.filter(isAsked).forEach(visit);
  return { deciding, nodes };
}

const isAsked = ({ isEmpty, options }: QueryNode): boolean => !isEmpty && options.aggregate === undefined;

interface WhereNeeds {
  readonly attrs: Set<KnownAttr>;
  readonly links: LinkNeed[];
  readonly paths: ConditionPath[];
  readonly deciding: Set<string>;
}

function readWhere(where: Where, before: readonly LinkStep[], needs: WhereNeeds): void {
  const { attrs, links, paths, deciding } = needs;
  for (const { attr, condition } of where.tests) {
    deciding.add(attr.id);
    if (condition.acceptsNull) attrs.add(attr);
  }
  for (const step of where.steps) {
    deciding.add(step.attr.id);
    const farNeeds: WhereNeeds = { attrs: new Set(), links: [], paths, deciding };
    readWhere(step.far, [...before, step], farNeeds);
    const far: EntityNeed = { etype: step.etype, attrs: [...farNeeds.attrs], links: farNeeds.links, isShown: false };
    links.push({ link: step, far, filter: step.acceptsNone ? 'null' : undefined });
    paths.push({ steps: [...before, step], far });
  }
  for (const { members } of where.groups) for (const member of members) readWhere(member, before, needs);
}

/** What an answer tells of an entity it shows, even by leaving it out. */
export interface Coverage {
  /** A missing value of these attrs, by their ids, is none. */
  readonly attrs: ReadonlySet<string>;
  /** All linked entities are in the answer: attr id, direction and filter. */
  readonly links: ReadonlySet<string>;
}

export const linkKey = ({ attr, isForward }: LinkEnd, filter: string): string => `${attr.id} ${isForward} ${filter}`;

const NOTHING: Coverage = { attrs: new Set(), links: new Set() };
const coverages = new WeakMap<CompiledQuery, Map<string, Coverage>>();

/** What the answer to a query tells of the entities of a namespace whose id is in it. */
export function coverageOf(compiled: CompiledQuery, etype: string): Coverage {
  let byEtype = coverages.get(compiled);
  if (!byEtype) coverages.set(compiled, (byEtype = readCoverage(compiled)));
  return byEtype.get(etype) ?? NOTHING;
}

function readCoverage(compiled: CompiledQuery): Map<string, Coverage> {
  const byEtype = new Map<string, Coverage>();
  const inPart = new Set<string>();
  for (const { node, paths } of needsOf(compiled).nodes) {
    const sent = Array.isArray(node.options.fields) ? node.fields : node.attrs.namespace(node.etype).forward.values();
    const attrs = new Set([...sent].flatMap((attr) => (attr.isRef && attr.isMany ? [] : [attr.id])));
    const links = new Set(node.children.flatMap((child) => (child.link ? [linkKey(child.link, filterOf(child))] : [])));
    const before = byEtype.get(node.etype);
    byEtype.set(node.etype, before ? { attrs: common(before.attrs, attrs), links: common(before.links, links) } : { attrs, links });
    // Of an entity that a condition looks at, the id may be here without the rest.
    for (const { far } of paths) inPart.add(far.etype);
  }
  for (const etype of inPart) byEtype.delete(etype);
  return byEtype;
}

function common<Item>(one: ReadonlySet<Item>, other: ReadonlySet<Item>): ReadonlySet<Item> {
  return new Set([...one].filter((item) => other.has(item)));
}
