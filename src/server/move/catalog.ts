// The attrs of an app being imported: those of the schema, the system's, and those found only in the data.

import type { CheckedType, WireAttr } from '../../protocol/attr.ts';
import { type InferredType, inOrder, typeOf } from '../data/inferred-types.ts';
import { systemAttrs } from '../data/system-attrs.ts';
import type { AttrConfig, BackupConfig, LinkConfig } from './backup-config.ts';
import { derivedId } from './derived-id.ts';
import { repairedSchema } from './repair-names.ts';

const checkedTypes: readonly string[] = ['string', 'number', 'boolean', 'date'] satisfies CheckedType[];

export class Catalog {
  readonly #appId: string;
  readonly #byName = new Map<string, Map<string, WireAttr>>();
  /** By the attr's id. */
  readonly #types = new Map<string, Set<InferredType>>();
  /** Repairs and omissions, for display. */
  readonly notes: string[] = [];

  /** `namespaces`: those with rows. */
  constructor({ schema }: BackupConfig, appId: string, namespaces: readonly string[]) {
    this.#appId = appId;
    for (const attr of systemAttrs) this.#enter(attr);
    const { entities, links, notes } = repairedSchema(schema, namespaces);
    this.notes.push(...notes);
    for (const [etype, { attrs }] of Object.entries(entities)) {
      this.#enterField(etype, 'id', { valueType: 'any', config: { unique: true, indexed: false } });
      for (const [label, attr] of Object.entries(attrs)) this.#enterField(etype, label, attr);
    }
    for (const link of links) this.#enterLink(link);
  }

  /** Of the app's own namespaces, and of system namespaces that apps may extend. */
  get own(): WireAttr[] {
    const system = new Set(systemAttrs.map(({ id }) => id));
    const own = [...this.#byName.values()].flatMap((attrs) => [...attrs.values()].filter(({ id }) => !system.has(id)));
    return own.map((attr) => {
      const types = this.#types.get(attr.id);
      return types ? { ...attr, 'inferred-types': inOrder(types) } : attr;
    });
  }

  /** Notes the type of a value that is taken over. */
  saw({ id }: WireAttr, value: unknown): void {
    if (value === null) return;
    const types = this.#types.get(id);
    if (types) types.add(typeOf(value));
    else this.#types.set(id, new Set([typeOf(value)]));
  }

  namespace(etype: string): ReadonlyMap<string, WireAttr> {
    return this.#byName.get(etype) ?? new Map<string, WireAttr>();
  }

  /** Adds an attr for a label missing from the schema. */
  learn(etype: string, label: string): WireAttr {
    const isId = label === 'id';
    if (!isId) this.notes.push(`${etype}.${label} is in the data and not in the schema: it is taken over without a type`);
    return this.#enterField(etype, label, { valueType: 'any', config: { unique: isId, indexed: false } });
  }

  /** Drops a constraint that the data violates. */
  relax(attr: WireAttr, without: 'required?' | 'unique?' | 'checked-data-type'): void {
    const { [without]: _, ...rest } = attr;
    this.#enter(without === 'checked-data-type' ? (rest as WireAttr) : { ...attr, [without]: false });
  }

  #enterField(etype: string, label: string, { valueType, required, config }: AttrConfig): WireAttr {
    const known = this.#byName.get(etype)?.get(label);
    if (known) return known;
    const attr: WireAttr = {
      id: this.#id('attr', etype, label),
      'forward-identity': [this.#id('name', etype, label), etype, label],
      'value-type': 'blob',
      cardinality: 'one',
      'unique?': config?.unique === true,
      'index?': config?.indexed === true,
      'required?': required === true,
      ...(checkedTypes.includes(valueType) && { 'checked-data-type': valueType as CheckedType }),
      'inferred-types': null,
      catalog: 'user',
    };
    return this.#enter(attr);
  }

  #enterLink({ forward, reverse }: LinkConfig): void {
    if (this.#byName.get(forward.on)?.has(forward.label)) return;
    this.#enter({
      id: this.#id('attr', forward.on, forward.label),
      'forward-identity': [this.#id('name', forward.on, forward.label), forward.on, forward.label],
      'reverse-identity': [this.#id('name', reverse.on, reverse.label), reverse.on, reverse.label],
      'value-type': 'ref',
      cardinality: forward.has,
      'unique?': reverse.has === 'one',
      'index?': false,
      'required?': forward.required === true,
      ...(forward.onDelete && { 'on-delete': forward.onDelete }),
      ...(reverse.onDelete && { 'on-delete-reverse': reverse.onDelete }),
      'inferred-types': null,
      catalog: 'user',
    });
  }

  #enter(attr: WireAttr): WireAttr {
    const [, etype, label] = attr['forward-identity'];
    let attrs = this.#byName.get(etype);
    if (!attrs) this.#byName.set(etype, (attrs = new Map<string, WireAttr>()));
    attrs.set(label, attr);
    return attr;
  }

  #id(...parts: readonly string[]): string {
    return derivedId(this.#appId, ...parts);
  }
}
