// A schema read at run time by names that come from a program's data: own keys only, so that `constructor` is no entity of it; and
// the words in which a message says what was found instead.

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

/** Of a schema, what everything else follows from. */
export interface SchemaShape {
  readonly entities: Entities;
}

export interface LinkEndShape {
  readonly on: string;
  readonly label: string;
  readonly has: string;
  readonly onDelete?: 'cascade' | undefined;
}

export interface LinkShape {
  readonly forward: LinkEndShape;
  readonly reverse: LinkEndShape;
}

export function own<Item>(record: Readonly<Record<string, Item>> | undefined, key: string): Item | undefined {
  return record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined;
}

/** The keys, for a message that says what there is. */
export function listed(record: Readonly<Record<string, unknown>>): string {
  return Object.keys(record).join(', ') || 'none';
}

/** What has to be there, or the message that it is not: `'acts' has no link 'crew'. There are: sets, fans`. */
export function named<Item>(record: Readonly<Record<string, Item>>, key: string, lack: string, reject: (message: string) => never): Item {
  return own(record, key) ?? reject(`${lack} '${key}'. There are: ${listed(record)}`);
}

/** Whether a value may stand where the schema says `valueType`; that it may be missing is not asked here. */
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

/** What came instead of what was wanted, in a word or two. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'object (an array)';
  return Number.isNaN(value) ? 'number (NaN)' : typeof value;
}

/** The value itself in a message, in one short line whatever it is. */
export function preview(value: unknown): string {
  const text = typeof value === 'string' ? value : isPlain(value) ? String(value) : kindOf(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

function isPlain(value: unknown): value is number | bigint | boolean | symbol | undefined {
  return typeof value !== 'object' && typeof value !== 'function' && typeof value !== 'string';
}

// How the text of a lookup is told from an id, in whose place it may stand. How it is made and read is in transact/lookup.ts.

export const lookupPrefix = 'lookup__';

export function isLookup(text: string): boolean {
  return text.startsWith(lookupPrefix);
}
