// What a transaction has to pass, check by check, in the order in which they count: first what is asked of the data as it
// was, then of what was made. Each is there once.

import type { KnownAttr } from '../../db/attrs.ts';
import type { Access, AccessRecord } from '../data/touched.ts';
import type { Entity } from './entities.ts';
import type { Action, Rule } from './rule.ts';
import type { RuleSet } from './rule-set.ts';
import { attrFields, type Fields } from './fields.ts';

export interface Check {
  readonly scope: 'object' | 'attr';
  readonly action: Action;
  readonly etype: string;
  readonly eid: string;
  readonly rule: Rule | undefined;
  /** An attr is no entity. */
  readonly data: Entity | Fields;
  readonly newData?: Entity;
  readonly linked?: Entity;
  readonly actions?: Readonly<Record<'data' | 'linkedData', 'create' | 'update'>>;
  readonly modified: readonly string[];
  readonly params: Readonly<Record<string, unknown>> | undefined;
}

export function checksOf(touched: AccessRecord, rules: RuleSet): Check[] {
  const work = new Work(touched, rules);
  for (const touch of touched.accesses) work.add(touch);
  return work.all();
}

class Work {
  readonly #touched: AccessRecord;
  readonly #rules: RuleSet;
  readonly #known: Map<string, Check> = new Map();
  readonly #made: Map<string, Check> = new Map();
  readonly #params = new Map<string, Readonly<Record<string, unknown>>>();
  readonly #modified = new Map<string, Set<string>>();

  constructor(touched: AccessRecord, rules: RuleSet) {
    this.#touched = touched;
    this.#rules = rules;
    for (const touch of touched.accesses) this.#gather(touch);
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
    return [...this.#known.values(), ...this.#made.values()];
  }

  add(touch: Access): void {
    switch (touch.is) {
      case 'value':
        return this.#write(touch.etype, touch.id);
      case 'link':
      case 'unlink':
        return this.#link(touch.is, touch.attr, touch.source, touch.target);
      case 'delete':
        if (this.#existed(touch.etype, touch.id))
          this.#object('delete', touch.etype, touch.id, this.#paramsOf(touch.etype, touch.id, touch.root));
        return;
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
    if (label === 'id') return;
    const key = keyOf(etype, id);
    this.#modified.set(key, (this.#modified.get(key) ?? new Set()).add(label));
  }

  #write(etype: string, id: string): void {
    if (this.#existed(etype, id)) this.#object('update', etype, id);
    else if (this.#exists(etype, id)) this.#object('create', etype, id);
  }

  #link(action: 'link' | 'unlink', attr: KnownAttr, source: string, target: string): void {
    const { etype, label, reverseEtype, reverseLabel } = attr;
    const far = reverseEtype ?? '';
    const near = this.#rules.link(etype, action, label);
    const back = reverseLabel === undefined ? undefined : this.#rules.link(far, action, reverseLabel);
    if (near) this.#side(action, near, label, [etype, source], [far, target]);
    if (back) this.#side(action, back, reverseLabel ?? '', [far, target], [etype, source]);
    if (near || back) return;
    this.#write(etype, source);
    if (reverseEtype !== undefined && (this.#existed(far, target) || this.#exists(far, target))) this.#object('view', far, target);
  }

  #side(action: 'link' | 'unlink', rule: Rule, label: string, [etype, id]: End, other: End): void {
    const isOld = this.#existed(etype, id);
    if (!isOld && !this.#exists(etype, id)) return;
    const checks = isOld ? this.#known : this.#made;
    const key = `${action} ${etype} ${id} ${label} ${other[1]}`;
    const params = { ...this.#params.get(keyOf(...other)), ...this.#params.get(keyOf(etype, id)) };
    const actions = { data: this.#verb(etype, id), linkedData: this.#verb(...other) };
    const [data, newData, linked] = [this.#then(etype, id), this.#now(etype, id), this.#then(...other)];
    const rest = { newData, linked, actions, modified: [], params: Object.keys(params).length > 0 ? params : undefined };
    if (!checks.has(key)) checks.set(key, { scope: 'object', action, etype, eid: id, rule, data, ...rest });
  }

  #object(action: 'view' | 'create' | 'update' | 'delete', etype: string, id: string, params = this.#params.get(keyOf(etype, id))): void {
    const isOld = this.#existed(etype, id);
    const checks = isOld ? this.#known : this.#made;
    const key = `${action} ${etype} ${id}`;
    if (checks.has(key)) return;
    const modified = action === 'create' || action === 'update' ? [...(this.#modified.get(keyOf(etype, id)) ?? [])] : [];
    const hasNew = action === 'create' || action === 'update';
    const rule = this.#rules.find(etype, action);
    const data = this.#then(etype, id);
    checks.set(key, {
      scope: 'object',
      action,
      etype,
      eid: id,
      rule,
      data,
      ...(hasNew && { newData: this.#now(etype, id) }),
      modified,
      params,
    });
  }

  #paramsOf(etype: string, id: string, root: string): Readonly<Record<string, unknown>> | undefined {
    return this.#params.get(keyOf(etype, id)) ?? [...this.#params].find(([key]) => key.endsWith(` ${root}`))?.[1];
  }

  #existed(etype: string, id: string): boolean {
    const row = this.#touched.before.row(etype, id);
    return row !== undefined && !row.isEmpty();
  }

  #exists(etype: string, id: string): boolean {
    const row = this.#touched.after.row(etype, id);
    return row !== undefined && !row.isEmpty();
  }

  #verb(etype: string, id: string): 'create' | 'update' {
    return this.#existed(etype, id) ? 'update' : 'create';
  }

  /** As it was before, or, if it was not there, as it was made. */
  #then(etype: string, id: string): Entity {
    const db = this.#existed(etype, id) ? this.#touched.before : this.#touched.after;
    return { etype, id, row: db.row(etype, id), db };
  }

  #now(etype: string, id: string): Entity {
    const { after } = this.#touched;
    return { etype, id, row: after.row(etype, id), db: after };
  }
}

type End = readonly [etype: string, id: string];

const nothingMore = { modified: [], params: undefined };
const keyOf = (etype: string, id: string): string => `${etype} ${id}`;
