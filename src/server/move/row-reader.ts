// Converts rows of a backup to triples, checked against the schema: types, uniqueness, required attrs, link targets.

import { isUuid } from '../../lib/uuid.ts';
import type { WireAttr } from '../../protocol/attr.ts';
import { survey } from '../../protocol/frame-limits.ts';
import type { Triple } from '../../protocol/triple.ts';
import { hasType } from '../data/constraints.ts';
import { isSystemEtype } from '../data/system-attrs.ts';
import type { Catalog } from './catalog.ts';
import { derivedId } from './derived-id.ts';
import type { Digest, Field } from './digest.ts';
import type { Faults } from './faults.ts';
import { SeenValues } from './seen-values.ts';
import type { UserAddresses } from './user-addresses.ts';

export interface SourceRow {
  readonly entity: Readonly<Record<string, unknown>>;
  readonly createdAt: number;
  readonly line: number;
  /** How errors name the row. Default: by line. */
  readonly name?: string;
}

export const whereOf = ({ line, name }: SourceRow, place: string): string => name ?? `${place}:${line}`;

export interface RowReaderConfig {
  readonly appId: string;
  readonly catalog: Catalog;
  readonly faults: Faults;
  readonly digest: Digest;
  readonly notes: string[];
  readonly addresses: UserAddresses;
  /** Drops constraints that the data violates, and keeps the data. */
  readonly relax: boolean;
}

interface FileRow {
  readonly location: string;
  readonly path: string;
}

/** InstantDB stores about as many levels, and clients read no more. */
const maxDepth = 1000;

/** The constraint's field in the catalog. */
type Constraint = 'required?' | 'unique?' | 'checked-data-type';

export class RowReader {
  readonly #config: RowReaderConfig;
  readonly #seen = new Map<string, SeenValues>();
  readonly #files: FileRow[] = [];

  constructor(config: RowReaderConfig) {
    this.#config = config;
  }

  /** Files referenced by rows. */
  get files(): readonly FileRow[] {
    return this.#files;
  }

  /** `place`: the name of the file. */
  read(etype: string, row: SourceRow, place: string): Triple[] {
    const where = whereOf(row, place);
    const { createdAt } = row;
    const id = this.#idOf(etype, row, where);
    if (id === undefined) return [];
    const fields = this.#fieldsOf(etype, row, id, where);
    const triples: Triple[] = [];
    for (const [label, value] of fields) {
      const attr = this.#config.catalog.namespace(etype).get(label) ?? this.#config.catalog.learn(etype, label);
      if (attr['value-type'] === 'ref') this.#readLink(attr, id, value, createdAt, where, triples);
      else {
        this.#checkValue(attr, value, where);
        this.#config.catalog.saw(attr, value);
        triples.push([id, attr.id, value, createdAt]);
      }
    }
    this.#checkRequired(etype, row.entity, where);
    this.#config.digest.addRow(etype, id, createdAt, fields);
    if (etype === '$files') this.#readFile(id, row, triples);
    return triples;
  }

  #idOf(etype: string, { entity, line }: SourceRow, where: string): string | undefined {
    const { appId, notes, faults } = this.#config;
    const { id } = entity;
    if (id === undefined || id === null) {
      const made = derivedId(appId, 'row', etype, line);
      notes.push(`${where}: the row has no id in the backup; it is ${made} from now on`);
      return made;
    }
    if (!isUuid(id)) faults.add(`${where}: id must be a UUID, and is ${short(id)}`);
    else if (this.#isNew(`${etype}/id`, id)) return id;
    else faults.add(`${where}: the id ${id} is in ${etype} twice`);
    return undefined;
  }

  /** Adds the id and nulls for indexed attrs, and omits links without a target. */
  #fieldsOf(etype: string, { entity }: SourceRow, id: string, where: string): Field[] {
    const attrs = this.#config.catalog.namespace(etype);
    const fields: Field[] = [['id', id]];
    const leftOut = new Set<string>();
    for (const [label, value] of Object.entries(entity)) {
      if (label === 'id' || (etype === '$files' && label === 'url')) continue;
      if (!this.#isReadable(`${etype}.${label}`, value, where)) {
        leftOut.add(label);
        continue;
      }
      const attr = attrs.get(label);
      const isLink = attr?.['value-type'] === 'ref';
      if (isLink && (value === null || (Array.isArray(value) && value.length === 0))) continue;
      const isMany = isLink && attr?.cardinality === 'many';
      if (etype === '$users' && label === 'email' && typeof value === 'string') fields.push([label, this.#addressOf(value, where)]);
      else fields.push([label, isMany ? [...new Set<unknown>([value].flat())].sort() : value]);
    }
    for (const [label, attr] of attrs) {
      const isThere = Object.hasOwn(entity, label) && !leftOut.has(label);
      const isMissing = attr['value-type'] === 'blob' && attr['index?'] === true && !isThere && label !== 'id';
      if (isMissing && attr.catalog === 'user') fields.push([label, null]);
    }
    return fields;
  }

  /** Reports what could be stored, and never be read as it was. */
  #isReadable(name: string, value: unknown, where: string): boolean {
    const problem = problemOf(name, value);
    if (problem === undefined) return true;
    const text = `${where}: ${name} ${problem}`;
    if (this.#config.relax) this.#config.notes.push(`${text}: left out`);
    else this.#config.faults.add(text);
    return false;
  }

  #addressOf(email: string, where: string): string {
    const stored = this.#config.addresses.take(email);
    if (stored === email) return email;
    const note = stored
      ? `the address '${email}' is stored as '${stored}', as sign-in looks for it`
      : `sign-in does not find the address '${email}', as another user has it in lower case: kept as it is`;
    this.#config.notes.push(`${where}: ${note}`);
    return stored ?? email;
  }

  #readLink(attr: WireAttr, id: string, value: unknown, at: number, where: string, triples: Triple[]): void {
    const isMany = attr.cardinality === 'many';
    const targets: readonly unknown[] = isMany && Array.isArray(value) ? value : [value];
    for (const target of targets) {
      if (!isUuid(target))
        this.#config.faults.add(`${where}: ${labelOf(attr)} must link to ${isMany ? 'ids' : 'an id'}, and has ${short(target)}`);
      else {
        if (attr['unique?'] && !this.#isNew(attr.id, target))
          this.#break(attr, 'unique?', where, `links to ${target}, as another row does`);
        this.#config.catalog.saw(attr, target);
        triples.push([id, attr.id, target, at]);
      }
    }
  }

  #checkValue(attr: WireAttr, value: unknown, where: string): void {
    if (value === null || attr['forward-identity'][2] === 'id') return;
    const type = attr['checked-data-type'];
    if (type && !hasType(value, type)) this.#wrongType(attr, type, value, where);
    if (!attr['unique?']) return;
    const isNew = this.#isNew(attr.id, typeof value === 'string' ? `"${value}` : JSON.stringify(value));
    if (!isNew) this.#break(attr, 'unique?', where, `must be unique, and ${short(value)} is there twice`);
  }

  /** Dates are stored as written, and the original accepts more formats. */
  #wrongType(attr: WireAttr, type: string, value: unknown, where: string): void {
    const isUnreadDate = type === 'date' && typeof value === 'string';
    if (isUnreadDate)
      this.#config.notes.push(`${where}: ${labelOf(attr)} is ${short(value)}, which queries here cannot compare as a date; kept as it is`);
    else this.#break(attr, 'checked-data-type', where, `must be a ${type}, and is ${short(value)}`);
  }

  #checkRequired(etype: string, entity: SourceRow['entity'], where: string): void {
    if (isSystemEtype(etype)) return;
    for (const attr of this.#config.catalog.namespace(etype).values()) {
      if (!attr['required?']) continue;
      const value = entity[attr['forward-identity'][2]] ?? null;
      if (value === null || (Array.isArray(value) && value.length === 0 && attr['value-type'] === 'ref')) {
        this.#break(attr, 'required?', where, 'is required, and missing');
      }
    }
  }

  #break(attr: WireAttr, constraint: Constraint, where: string, what: string): void {
    const text = `${where}: ${labelOf(attr)} ${what}`;
    const { relax, catalog, notes, faults } = this.#config;
    if (!relax || attr.catalog === 'system') return faults.add(text);
    notes.push(`${text}: the constraint is taken away`);
    catalog.relax(attr, constraint);
  }

  #readFile(id: string, { entity, createdAt }: SourceRow, triples: Triple[]): void {
    const { 'location-id': location, path } = entity;
    if (typeof location !== 'string') return;
    const url = this.#config.catalog.namespace('$files').get('url');
    if (url) triples.push([id, url.id, location, createdAt]);
    this.#files.push({ location, path: String(path) });
  }

  #isNew(set: string, value: string): boolean {
    let seen = this.#seen.get(set);
    if (!seen) this.#seen.set(set, (seen = new SeenValues()));
    return seen.add(value);
  }
}

function problemOf(name: string, value: unknown): string | undefined {
  if (name.endsWith('.__proto__')) return 'cannot be the name of a field';
  const { isTooDeep, hadProtoKey, hasInfinity } = survey(value, maxDepth);
  if (isTooDeep) return `is nested deeper than ${maxDepth}`;
  if (hadProtoKey) return 'has a key __proto__';
  return hasInfinity ? 'has a number beyond those of JavaScript' : undefined;
}

const labelOf = ({ 'forward-identity': [, etype, label] }: WireAttr): string => `${etype}.${label}`;

function short(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
