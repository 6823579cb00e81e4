// What must be known of an entity before a query can return it or evaluate a condition on it: compiled once per query.

import type { KnownAttr } from '../../db/attrs.ts';
import type { Step } from '../../protocol/transact-messages.ts';
import type { CompiledQuery, QueryNode } from '../../query/compile.ts';
import type { LinkEnd, LinkStep, Where } from '../../query/where.ts';

export interface EntityNeed {
  /** Its number in the query. */
  readonly at: number;
  readonly etype: string;
  /** Required: the returned values, and those whose absence would satisfy a condition. */
  readonly attrs: readonly KnownAttr[];
  readonly links: readonly LinkNeed[];
  /** Returned rows must exist. Other entities are only read by a condition. */
  readonly isShown: boolean;
}

export interface LinkNeed {
  readonly link: LinkEnd;
  readonly far: EntityNeed;
  /** Which linked entities are returned. Undefined: the link is only read by conditions that a missing one does not satisfy. */
  readonly filter: string | undefined;
}

/** A node, and how its conditions reach other entities. */
export interface NodeNeed {
  readonly node: QueryNode;
  readonly need: EntityNeed;
  readonly paths: readonly ConditionPath[];
  /** The nodes that it is nested in, from the inside out. */
  readonly parents: readonly QueryNode[];
  /** Of the rows that it shows. */
  readonly told: Coverage;
}

/** The links from a row to an entity that a condition reads, and what is needed of it. */
export interface ConditionPath {
  readonly steps: readonly LinkStep[];
  readonly far: EntityNeed;
  /** The attrs by which the entity decides, and the links: see `endKey`. */
  readonly reads: ReadonlySet<string>;
}

export interface QueryNeeds {
  /** Ids of the attrs that decide which rows are returned. */
  readonly deciding: ReadonlySet<string>;
  /** Attrs, by id, that an entity of the namespace may lack and satisfy a condition. */
  readonly lacking: readonly (readonly [attrId: string, etype: string])[];
  readonly nodes: readonly NodeNeed[];
  /** All links that the query follows, with the namespace they are followed from. */
  readonly ends: readonly (LinkNeed & { readonly etype: string })[];
}

/** An attr, or a link followed backward. */
export const endKey = (attrId: string, isForward = true): string => (isForward ? attrId : `<${attrId}`);

const cache = new WeakMap<CompiledQuery, QueryNeeds>();

export function needsOf(compiled: CompiledQuery): QueryNeeds {
  let needs = cache.get(compiled);
  if (!needs) cache.set(compiled, (needs = readQuery(compiled)));
  return needs;
}

/** Linked entities shared by two queries: the rest of a nested node is evaluated on the client. */
export const filterOf = ({ options: { where } }: QueryNode): string => JSON.stringify(where ?? null);

function readQuery(compiled: CompiledQuery): QueryNeeds {
  const deciding = new Set<string>();
  const lacking: [string, string][] = [];
  const nodes: NodeNeed[] = [];
  let count = 0;
  const next = (): number => count++;
  const visit = (node: QueryNode, parents: readonly QueryNode[]): NodeNeed => {
    const children = node.children.filter(isAsked).map((child) => [child, visit(child, [node, ...parents]).need] as const);
    for (const [{ link }] of children) if (link) deciding.add(link.attr.id);
    const { attr } = node.order;
    if (attr && (Number.isFinite(node.limit) || !node.isLeading)) deciding.add(attr.id);
    const attrs = new Set(attr ? [...node.fields, attr] : node.fields);
    const links = children.flatMap(([child, far]): LinkNeed[] => (child.link ? [{ link: child.link, far, filter: filterOf(child) }] : []));
    const paths: ConditionPath[] = [];
    if (node.where) readWhere(node.where, [], { attrs, links, paths, deciding, lacking, reads: new Set(), next });
    const nodeNeed: NodeNeed = {
      node,
      need: { at: next(), etype: node.etype, attrs: [...attrs], links, isShown: true },
      paths,
      parents,
      told: readTold(node),
    };
    nodes.push(nodeNeed);
    return nodeNeed;
  };
  for (const node of compiled.nodes.filter(isAsked)) visit(node, []);
  return { deciding, lacking, nodes, ends: nodes.flatMap(({ need, paths }) => [need, ...paths.map(({ far }) => far)]).flatMap(endsOf) };
}

const endsOf = ({ etype, links }: EntityNeed): QueryNeeds['ends'] => links.map((link) => ({ ...link, etype }));

/** Whether the steps can bring rows into the query. */
export function decides(steps: readonly Step[], { deciding, nodes }: QueryNeeds): boolean {
  for (const [op, , attrId, , options] of steps as readonly (readonly [string, unknown, string, unknown?, { mode?: string }?])[]) {
    if (deciding.has(attrId)) return true;
    // Entities linked with it lose a link, and a page loses a row.
    if (op === 'delete-entity' && nodes.some(({ node, paths }) => isPage(node) || paths.some(({ far }) => far.etype === attrId))) return true; // prettier-ignore
    // An upsert of an entity known only from other results is not a new entity.
    if (op === 'add-triple' && !options?.mode && nodes.some(({ node }) => node.idAttr?.id === attrId)) return true;
  }
  return false;
}

export const isPage = (node: QueryNode): boolean => !('link' in node) && Number.isFinite(node.limit);

const isAsked = ({ isEmpty, options }: QueryNode): boolean => !isEmpty && options.aggregate === undefined;

interface WhereNeeds {
  readonly attrs: Set<KnownAttr>;
  readonly links: LinkNeed[];
  readonly paths: ConditionPath[];
  readonly deciding: Set<string>;
  readonly lacking: [attrId: string, etype: string][];
  readonly reads: Set<string>;
  readonly next: () => number;
}

function readWhere(where: Where, before: readonly LinkStep[], needs: WhereNeeds): void {
  const { attrs, links, paths, deciding, lacking, reads, next } = needs;
  for (const { attr, condition } of where.tests) {
    deciding.add(attr.id);
    reads.add(attr.id);
    if (!condition.acceptsNull) continue;
    attrs.add(attr);
    lacking.push([attr.id, where.etype]);
  }
  for (const step of where.steps) {
    deciding.add(step.attr.id);
    reads.add(endKey(step.attr.id, step.isForward));
    // A link of an entity that has one such link takes the place of another one.
    const farReads = new Set(step.isForward || step.attr.isMany ? [] : [step.attr.id]);
    const farNeeds: WhereNeeds = { attrs: new Set(), links: [], paths, deciding, lacking, reads: farReads, next };
    readWhere(step.far, [...before, step], farNeeds);
    const far: EntityNeed = { at: next(), etype: step.etype, attrs: [...farNeeds.attrs], links: farNeeds.links, isShown: false };
    if (step.acceptsNone) lacking.push([step.attr.id, where.etype]);
    links.push({ link: step, far, filter: step.acceptsNone ? 'null' : undefined });
    paths.push({ steps: [...before, step], far, reads: farReads });
  }
  for (const { members } of where.groups) for (const member of members) readWhere(member, before, needs);
}

/** What a result tells about an entity it contains, including by omission. */
export interface Coverage {
  /** A missing value of these attrs, by id, is known to be missing. */
  readonly attrs: ReadonlySet<string>;
  /** All linked entities are in the result: attr id, direction and filter. */
  readonly links: ReadonlySet<string>;
}

export const linkKey = ({ attr, isForward }: LinkEnd, filter: string): string => `${attr.id} ${isForward} ${filter}`;

export const NOTHING: Coverage = { attrs: new Set(), links: new Set() };
const coverages = new WeakMap<CompiledQuery, Map<string, Coverage>>();

/** What a query's result tells about entities of a namespace whose id it contains. */
export function coverageOf(compiled: CompiledQuery, etype: string): Coverage {
  let byEtype = coverages.get(compiled);
  if (!byEtype) coverages.set(compiled, (byEtype = readCoverage(compiled)));
  return byEtype.get(etype) ?? NOTHING;
}

function readCoverage(compiled: CompiledQuery): Map<string, Coverage> {
  const byEtype = new Map<string, Coverage>();
  const inPart = new Set<string>();
  for (const { node, paths, told } of needsOf(compiled).nodes) {
    const before = byEtype.get(node.etype);
    byEtype.set(node.etype, before ? { attrs: common(before.attrs, told.attrs), links: common(before.links, told.links) } : told);
    // For an entity that a condition reads, the result may contain only the id.
    for (const { steps, far } of paths) if (readsEntity(steps[steps.length - 1])) inPart.add(far.etype);
  }
  for (const etype of inPart) byEtype.delete(etype);
  return byEtype;
}

function readTold(node: QueryNode): Coverage {
  const sent = Array.isArray(node.options.fields) ? node.fields : node.attrs.namespace(node.etype).forward.values();
  const attrs = new Set([...sent].flatMap((attr) => (attr.isRef && attr.isMany ? [] : [attr.id])));
  const links = new Set(node.children.flatMap((child) => (child.link ? [linkKey(child.link, filterOf(child))] : [])));
  // No row of the result has a link that must be missing.
  for (const step of node.where?.steps ?? []) {
    if (step.acceptsNone && step.idConditions.some(({ testsNull }) => testsNull)) links.add(linkKey(step, 'null'));
  }
  return { attrs, links };
}

const readsEntity = (step: LinkStep | undefined): boolean => step !== undefined && step.far.tests.length + step.far.steps.length > 0;

function common<Item>(one: ReadonlySet<Item>, other: ReadonlySet<Item>): ReadonlySet<Item> {
  return new Set([...one].filter((item) => other.has(item)));
}
