// Reads a schema at run time by names from a program's data. Only own keys count, so that `constructor` is not an entity. Also formats
// values for error messages.

import { hasOwn } from '../lib/own.ts';

export interface AttrShape {
  readonly valueType: string;
  readonly required?: boolean;
  readonly isIndexed?: boolean;
  readonly config: { readonly indexed?: boolean; readonly unique?: boolean };
}

export interface EntityShape {
  readonly attrs: Readonly<Record<string, AttrShape>>;
  readonly links: Readonly<Record<string, { readonly cardinality: string; readonly entityName: string }>>;
}

export type Entities = Readonly<Record<string, EntityShape>>;

/** The minimal part of a schema that all checks need. */
export interface SchemaShape {
  readonly entities: Entities;
}

export interface LinkEndShape {
  readonly on: string;
  readonly label: string;
  readonly has: string;
  readonly required?: boolean | undefined;
  readonly onDelete?: 'cascade' | undefined;
}

export interface LinkShape {
  readonly forward: LinkEndShape;
  readonly reverse: LinkEndShape;
}

export function own<Item>(record: Readonly<Record<string, Item>> | undefined, key: string): Item | undefined {
  return record !== undefined && hasOwn(record, key) ? record[key] : undefined;
}

/** The keys as a list for an error message. */
export function listed(record: Readonly<Record<string, unknown>>): string {
  return Object.keys(record).join(', ') || 'none';
}

/** Returns the entry, or rejects with a message such as `'acts' has no link 'crew'. There are: sets, fans`. */
export function named<Item>(record: Readonly<Record<string, Item>>, key: string, lack: string, reject: (message: string) => never): Item {
  return own(record, key) ?? reject(`${lack} '${key}'. There are: ${listed(record)}`);
}

/** Whether a value has the schema's type `valueType`. Missing values pass; requiredness is checked elsewhere. */
export function isOfType(value: unknown, valueType: string): boolean {
  if (value === null || value === undefined) return true;
  switch (valueType) {
    case 'string':
    case 'boolean':
      return typeof value === valueType;
    case 'number':
      return typeof value === 'number' && !Number.isNaN(value);
    case 'date':
      return value instanceof Date || typeof value === 'string' || typeof value === 'number';
    default:
      return true;
  }
}

/** The kind of a value for an error message. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'object (an array)';
  return Number.isNaN(value) ? 'number (NaN)' : typeof value;
}

/** The value for an error message, as one short line. */
export function preview(value: unknown): string {
  const text = typeof value === 'string' ? value : isPlain(value) ? String(value) : kindOf(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

function isPlain(value: unknown): value is number | bigint | boolean | symbol | undefined {
  return typeof value !== 'object' && typeof value !== 'function' && typeof value !== 'string';
}

// Recognizes the text form of a lookup, which may stand in place of an id. transact/lookup.ts creates and parses it.

export const lookupPrefix = 'lookup__';

export function isLookup(text: string): boolean {
  return text.startsWith(lookupPrefix);
}
