// A query against a catalogue: a form for each namespace asked for, with everything looked up that can be looked
// up once. Knows no data.

import { QueryValidationError } from '../errors.ts';
import type { Attrs, KnownAttr, Namespace } from '../db/attrs.ts';
import { type Order, order } from './order.ts';
import type { FormOptions, FormShape, Query } from './query.ts';
import { type LinkEnd, type Where, compileWhere, linkOf } from './where.ts';

export interface Form {
  /** The key it has in the result. */
  readonly key: string;
  readonly etype: string;
  readonly idAttr: KnownAttr | undefined;
  /** Nothing can match: it names what the catalogue does not know. */
  readonly isEmpty: boolean;
  readonly where: Where | undefined;
  readonly order: Order;
  readonly options: FormOptions;
  /** How many rows at most; Infinity for all. */
  readonly limit: number;
  /** The last of them rather than the first. */
  readonly fromEnd: boolean;
  /** Starts where the data starts: no offset, no cursor. */
  readonly isLeading: boolean;
  readonly attrs: Attrs;
  /** The values shown, in the order of the keys. */
  readonly fields: readonly KnownAttr[];
  readonly children: readonly ChildForm[];
}

export interface ChildForm extends Form {
  /** Undefined for a label nobody knows. */
  readonly link: LinkEnd | undefined;
  /** One object instead of a list. */
  readonly isSingular: boolean;
}

export interface CompiledQuery {
  readonly query: Query;
  readonly attrs: Attrs;
  readonly forms: readonly Form[];
  /** Every namespace it looks at, paths included. */
  readonly etypes: ReadonlySet<string>;
}

/** By namespace and label; a schema's `LinkIndex` is one. */
export type SingularLinks = Readonly<Record<string, Readonly<Record<string, { readonly isSingular: boolean }>>>>;

export interface CompileOptions {
  /** Which links are shown as one object. */
  readonly singular?: SingularLinks | undefined;
}

/** What all forms of a query have in common. */
interface Work extends CompileOptions {
  readonly attrs: Attrs;
  readonly etypes: Set<string>;
}

export function compile(query: Query, attrs: Attrs, options: CompileOptions = {}): CompiledQuery {
  const work: Work = { ...options, attrs, etypes: new Set() };
  const forms: Form[] = [];
  for (const [etype, shape] of Object.entries(query)) {
    if (etype !== '$$ruleParams' && shape !== undefined) forms.push(compileForm(etype, etype, shape as FormShape, work));
  }
  return { query, attrs, forms, etypes: work.etypes };
}

function compileForm(key: string, etype: string, shape: FormShape, work: Work): Form {
  const { attrs, etypes } = work;
  const namespace = attrs.namespace(etype);
  const asked = optionsOf(shape);
  const where = asked.where && compileWhere(asked.where, etype, attrs, etypes);
  etypes.add(etype);
  return {
    key,
    etype,
    attrs,
    idAttr: namespace.idAttr,
    isEmpty: namespace.idAttr === undefined || (asked.where !== undefined && where === undefined),
    where,
    order: order(etype, asked.order, attrs),
    options: asked,
    limit: limitOf(asked),
    fromEnd: isCount(asked.last) && !isCount(asked.limit) && !isCount(asked.first),
    isLeading: !asked.offset && !asked.before && !asked.after,
    fields: fieldsOf(asked.fields, namespace),
    children: Object.keys(shape)
      .filter((label) => label !== '$' && shape[label] !== undefined)
      .map((label) => compileChild(label, namespace, etype, shape[label] as FormShape, work)),
  };
}

function compileChild(label: string, namespace: Namespace, parent: string, shape: FormShape, work: Work): ChildForm {
  const link = linkOf(namespace, label);
  if (!link && namespace.forward.has(label)) {
    throw new QueryValidationError(
      `'${label}' is a value of '${parent}', not a link: nothing can be nested below it`,
      `${parent}.${label}`,
    );
  }
  const isSingular = work.singular?.[parent]?.[label]?.isSingular ?? false;
  const form = link ? compileForm(label, link.etype, shape, work) : compileForm(label, '', {}, work);
  return { ...form, isEmpty: !link || form.isEmpty, link, isSingular };
}

function optionsOf(shape: FormShape): FormOptions {
  return (typeof shape.$ === 'object' ? shape.$ : undefined) ?? {};
}

function isCount(count: unknown): count is number {
  return typeof count === 'number' && count > 0;
}

function limitOf({ limit, first, last }: FormOptions): number {
  return [limit, first, last].find(isCount) ?? Number.POSITIVE_INFINITY;
}

function fieldsOf(fields: readonly string[] | undefined, { blobs, forward }: Namespace): readonly KnownAttr[] {
  const asked = Array.isArray(fields) ? [...new Set([...(fields as string[]), 'id'])].map((label) => forward.get(label)) : blobs;
  return asked.filter((attr) => attr !== undefined && !attr.isRef && attr.label !== '__proto__') as KnownAttr[];
}
