// The permission checks of a transaction, in order of precedence: first those on the data before it, then those on new entities. Each
// occurs once.

import type { KnownAttr } from '../../db/attrs.ts';
import type { Db } from '../../db/db.ts';
import type { Access, AccessRecord } from '../data/touched.ts';
import type { Entity } from './entities.ts';
import type { Action, Rule } from './rule.ts';
import type { RuleSet } from './rule-set.ts';
import { attrFields, type Fields, fieldsOf } from './fields.ts';

export interface Check {
  readonly scope: 'object' | 'attr';
  readonly action: Action;
  readonly etype: string;
  readonly eid: string;
  readonly rule: Rule | undefined;
  /** Attrs are not entities. */
  readonly data: Entity | Fields;
  readonly newData?: Entity;
  /** Null: the entity to be linked does not exist. */
  readonly linked?: Entity | null;
  /** For an entity that this transaction creates: checked after everything else is known. */
  readonly isNew?: boolean;
  readonly actions?: Readonly<Record<'data' | 'linkedData', 'create' | 'update'>>;
  readonly modified: readonly string[];
  readonly params: Readonly<Record<string, unknown>> | undefined;
}

/** Accesses looked at between two breaks. */
const sliceAccesses = 500;

/** A generator: yields where others can be served. */
export function* checkSteps(touched: AccessRecord, rules: RuleSet): Generator<void, Check[]> {
  const work = new Work(touched, rules);
  for (const [index, touch] of touched.accesses.entries()) {
    if (index % sliceAccesses === sliceAccesses - 1) yield;
    work.add(touch);
  }
  return work.all();
}

class Work {
  readonly #touched: AccessRecord;
  readonly #rules: RuleSet;
  readonly #known: Map<string, Check> = new Map();
  readonly #made: Map<string, Check> = new Map();
  readonly #params = new Map<string, Params>();
  /** Entities it is linked to or unlinked from. */
  readonly #linkedParams = new Map<string, Params>();
  readonly #modified = new Map<string, Set<string>>();

  constructor(touched: AccessRecord, rules: RuleSet) {
    this.#touched = touched;
    this.#rules = rules;
    for (const touch of touched.accesses) this.#gather(touch);
    for (const touch of touched.accesses)
      if (touch.is === 'link' || touch.is === 'unlink') this.#shareParams(touch.attr, touch.source, touch.target);
    for (const attr of touched.newAttrs) {
      const data = attrFields(attr);
      const check: Check = {
        scope: 'attr',
        action: 'create',
        etype: 'attrs',
        eid: attr.id,
        rule: rules.find('attrs', 'create'),
        data,
        ...nothingMore,
      };
      this.#made.set(`attr ${attr.id}`, check);
    }
  }

  all(): Check[] {
    return [...this.#known.values(), ...[...this.#made.values()].map((check) => ({ ...check, isNew: true }))];
  }

  add(touch: Access): void {
    switch (touch.is) {
      case 'value':
        return this.#write(touch.etype, touch.id);
      case 'link':
      case 'unlink':
        return this.#link(touch.is, touch.attr, touch.source, touch.target);
      case 'delete':
        return this.#object('delete', touch.etype, touch.id, { params: this.#paramsOf(touch.etype, touch.id, touch.root) });
      case 'params':
        return;
    }
  }

  #gather(touch: Access): void {
    if (touch.is === 'params') {
      const key = keyOf(touch.etype, touch.id);
      this.#params.set(key, { ...this.#params.get(key), ...touch.params });
      return;
    }
    if (touch.is !== 'value' && touch.is !== 'link') return;
    const [etype, id, label] =
      touch.is === 'value' ? [touch.etype, touch.id, touch.label] : [touch.attr.etype, touch.source, touch.attr.label];
    if (label === 'id' || (touch.is === 'value' && touch.isLookup)) return;
    const key = keyOf(etype, id);
    this.#modified.set(key, (this.#modified.get(key) ?? new Set()).add(label));
  }

  /** A link rule of one end applies to the other end too, unless that has its own. */
  #shareParams({ etype, reverseEtype }: KnownAttr, source: string, target: string): void {
    const [near, far] = [keyOf(etype, source), keyOf(reverseEtype ?? '', target)];
    const [nearParams, farParams] = [this.#params.get(near), this.#params.get(far)];
    if (farParams) this.#linkedParams.set(near, { ...this.#linkedParams.get(near), ...farParams });
    if (nearParams) this.#linkedParams.set(far, { ...this.#linkedParams.get(far), ...nearParams });
  }

  #paramsFor(etype: string, id: string): Params | undefined {
    const key = keyOf(etype, id);
    return merged(this.#linkedParams.get(key), this.#params.get(key));
  }

  #write(etype: string, id: string): void {
    if (this.#existed(etype, id)) this.#object('update', etype, id);
    else if (this.#touched.after.row(etype, id)?.isEmpty() === false) this.#object('create', etype, id);
  }

  #link(action: 'link' | 'unlink', attr: KnownAttr, source: string, target: string): void {
    const { etype, label, reverseEtype, reverseLabel } = attr;
    const far = reverseEtype ?? '';
    const near = this.#rules.link(etype, action, label);
    const back = reverseLabel === undefined ? undefined : this.#rules.link(far, action, reverseLabel);
    if (near) this.#side(action, near, label, [etype, source], [far, target]);
    if (back) this.#side(action, back, reverseLabel ?? '', [far, target], [etype, source]);
    if (near || back) return;
    // Removing a link never creates an entity.
    if (action === 'link' || this.#existed(etype, source)) this.#write(etype, source);
    const isThere = this.#existed(far, target) || (action === 'link' && this.#exists(far, target));
    if (reverseEtype !== undefined && isThere) this.#object('view', far, target, { isLinked: true });
  }

  #side(action: 'link' | 'unlink', rule: Rule, label: string, [etype, id]: End, other: End): void {
    const isOld = this.#existed(etype, id);
    const isThere = isOld || this.#exists(etype, id);
    const checks = isOld || !isThere ? this.#known : this.#made;
    const key = `${action} ${etype} ${id} ${label} ${other[1]}`;
    const params = merged(this.#params.get(keyOf(...other)), this.#params.get(keyOf(etype, id)));
    const actions = { data: this.#verb(etype, id), linkedData: this.#verb(...other) };
    const isOther = this.#existed(...other) || this.#exists(...other);
    // Linking to or from a missing entity is subject to the rule as well, evaluated on null.
    const data = isThere ? this.#then(etype, id) : absent;
    const [newData, linked] = [this.#now(etype, id), isOther ? this.#then(...other) : null];
    const rest = { newData, linked, ...(action === 'link' && { actions }), modified: [], params };
    if (!checks.has(key)) checks.set(key, { scope: 'object', action, etype, eid: id, rule, data, ...rest });
  }

  #object(action: 'view' | 'create' | 'update' | 'delete', etype: string, id: string, more: More = {}): void {
    const isOld = this.#existed(etype, id);
    const checks = isOld || action === 'delete' ? this.#known : this.#made;
    const key = `${action} ${etype} ${id}`;
    if (checks.has(key)) return;
    const isWritten = action === 'create' || action === 'update';
    checks.set(key, {
      ...{ scope: 'object', action, etype, eid: id },
      rule: this.#rules.find(etype, action),
      // A missing entity cannot be deleted, but whether it exists is not revealed to everybody.
      data: action === 'delete' && !isOld ? absent : this.#then(etype, id),
      ...((isWritten || more.isLinked) && { newData: this.#now(etype, id) }),
      modified: isWritten ? [...(this.#modified.get(keyOf(etype, id)) ?? [])] : [],
      params: more.params ?? this.#paramsFor(etype, id),
    });
  }

  #paramsOf(etype: string, id: string, root: string): Readonly<Record<string, unknown>> | undefined {
    return this.#params.get(keyOf(etype, id)) ?? [...this.#params].find(([key]) => key.endsWith(` ${root}`))?.[1];
  }

  #existed(etype: string, id: string): boolean {
    return isThere(this.#touched.before, etype, id);
  }

  #exists(etype: string, id: string): boolean {
    return isThere(this.#touched.after, etype, id);
  }

  #verb(etype: string, id: string): 'create' | 'update' {
    return this.#existed(etype, id) ? 'update' : 'create';
  }

  /** The entity before the transaction, or as created if it did not exist. */
  #then(etype: string, id: string): Entity {
    const db = this.#existed(etype, id) ? this.#touched.before : this.#touched.after;
    return { etype, id, row: db.row(etype, id), db };
  }

  #now(etype: string, id: string): Entity {
    const { after } = this.#touched;
    return { etype, id, row: after.row(etype, id), db: after };
  }
}

interface More {
  readonly params?: Params | undefined;
  /** Checked because the entity is being linked. */
  readonly isLinked?: boolean;
}

type Params = Readonly<Record<string, unknown>>;

/** The variables for a missing entity: everything is null. */
export const absent = fieldsOf({}, () => []);

/** Merges two entities; values of the second take precedence. */
function merged(near: Params | undefined, own: Params | undefined): Params | undefined {
  return near || own ? { ...near, ...own } : undefined;
}

/** An entity exists if it has a value; links from other entities do not make it exist. */
function isThere(db: Db, etype: string, id: string): boolean {
  const row = db.row(etype, id);
  if (!row) return false;
  for (const attr of db.attrs.namespace(etype).forward.values()) if (!attr.isMany && row.values[attr.slot] !== undefined) return true;
  return false;
}

type End = readonly [etype: string, id: string];

const nothingMore = { modified: [], params: undefined };
const keyOf = (etype: string, id: string): string => `${etype} ${id}`;
