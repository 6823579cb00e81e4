// The normal form of a response, the same in every run: ids, times, tokens and counters become names, measurements are left out, and lists
// without an order of their own are sorted. The recordings are in this form.

import { createHash } from 'node:crypto';

import { attrPlaceholder, type Placeholders } from './placeholders.ts';

const uuids = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const isUuid = new RegExp(`^${uuids.source}`);
const longText = 3000;
const nearMs = 9e8;

const measurements = new Set([
  ...['trace-id', 'traceId', 'debug-uri', 'duration-ms', 'duration_ms', 'total-delay-ms', 'ws-ping-latency-ms'],
  ...['isn', 'processed-isn', 'instaql-query-hash', 'instaql-topic?', 'attrs-hash', 'result-changed?', 'instance-id'],
  ...['instant.grouped-queue/put-at', 'server-hostname', 'server-port', 'triplane'],
]);
const hashes = new Set(['codeHash', 'hashedToken', 'encryptedClientSecret', 'stateHash', 'cookieHash', 'hashedReconnectToken']);
const secrets = new Set(['firstFour', 'secretValue']);
const durations = new Set(['expires_in', 'expires_ms']);

type JsonObject = Readonly<Record<string, unknown>>;

export const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const isObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);
const isNear = (time: number): boolean => Math.abs(time - Date.now()) < nearMs;
const isNearDate = (text: string): boolean => /^\d{4}-\d\d-\d\d[T ]\d\d:/.test(text) && isNear(Date.parse(text));

/** `whole`: apps and attributes stay in full; with `all`, the schemas of a plan too. */
export function normalize<T>(value: T, names: Placeholders, whole: boolean | 'all' = false): T {
  return renumber(new Normalizer(names, whole).value(JSON.parse(JSON.stringify(value)))) as T;
}

/** Times near now, which a recording may name by their date: a run on that day sees them as `{{T}}`. */
export function maskNearTimes(value: unknown): unknown {
  if (typeof value === 'number') return isNear(value) ? '{{T}}' : value;
  if (typeof value === 'string') return isNearDate(value) ? '{{T}}' : value;
  if (Array.isArray(value)) return value.map(maskNearTimes);
  return isObject(value) ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, maskNearTimes(item)])) : value;
}

/** Numbers the ids that a server has made up in the order in which they stand. */
export function renumber(value: unknown): unknown {
  const numbers = new Map<string, number>();
  const numbered = JSON.stringify(value).replace(/\{\{id(\d+)\}\}/g, (_, id: string) => {
    if (!numbers.has(id)) numbers.set(id, numbers.size + 1);
    return `{{id${numbers.get(id)}}}`;
  });
  return JSON.parse(numbered);
}

class Normalizer {
  readonly #names: Placeholders;
  readonly #whole: boolean | 'all';
  readonly #saved: Map<string, string>;
  readonly #unknownIds = new Map<string, number>();

  constructor(names: Placeholders, whole: boolean | 'all') {
    this.#names = names;
    this.#whole = whole;
    this.#saved = names.savedTexts();
  }

  value(value: unknown, key = '', parent = ''): unknown {
    if (secrets.has(key)) return '{{secret}}';
    if (durations.has(key)) return '{{T}}';
    if (typeof value === 'number') return this.#number(value, key, parent);
    if (typeof value === 'string') return this.#text(value, key);
    if (Array.isArray(value)) return this.#list(value, key);
    return isObject(value) ? this.#object(value, key) : value;
  }

  #number(value: number, key: string, parent: string): unknown {
    if (/tx-id|tx_id/.test(key) || (key === 'id' && parent === 'transaction')) return '{{TX}}';
    if (key === 'retry-after') return '{{SECONDS}}';
    return isNear(value) ? '{{T}}' : value;
  }

  #text(text: string, key: string): string {
    if (hashes.has(key)) return '{{hash}}';
    const saved = this.#saved.get(text);
    if (saved !== undefined) return `{{${saved}}}`;
    if (key === 'code' && /^\d{6}$/.test(text)) return '{{CODE}}';
    if (/^(pat|per|prt)_[0-9a-f]{20,}$/.test(text)) return '{{secret}}';
    if (isNearDate(text)) return '{{T}}';
    return shorten(this.#nameWithin(text).replace(/Expires=[^;]+/g, 'Expires={{T}}'));
  }

  #nameWithin(text: string): string {
    let named = text;
    for (const [saved, name] of this.#saved) if (saved.length > 7) named = named.replaceAll(saved, `{{${name}}}`);
    return named.replace(uuids, (id) => this.#nameOf(id));
  }

  #nameOf(id: string): string {
    const name = this.#names.nameOf(id, this.#saved);
    if (name !== undefined) return `{{${name}}}`;
    if (!this.#unknownIds.has(id)) this.#unknownIds.set(id, this.#unknownIds.size + 1);
    return `{{id${this.#unknownIds.get(id)}}}`;
  }

  #list(list: readonly unknown[], key: string): unknown {
    const each = (items: readonly unknown[]): unknown[] => items.map((item) => this.value(item, key));
    switch (key) {
      case 'forward-identity':
      case 'reverse-identity':
        return withoutIdentId(each(list));
      case 'join-rows':
        return list.map((rows) => (rows as unknown[]).map((row) => JSON.stringify(this.value(row))).sort(compareText));
      case 'inferred-types':
        return (each(list) as string[]).sort(compareText);
      case 'jobs':
        return each(sortedBy(list, (job) => this.#jobRank(job as JsonObject)));
      case 'invalid_triples_sample':
        return each(sortedBy(list, (triple) => String((triple as JsonObject)['entity_id'])));
      case 'attrs':
        return isAttrList(list) ? this.#attrs(list, this.#whole !== false) : each(list);
      case 'current-attrs':
        return this.#attrs(list as Attr[], this.#whole === 'all');
      default:
        return each(list);
    }
  }

  #attrs(attrs: readonly Attr[], isWhole: boolean): unknown[] {
    if (isWhole) return sortedBy(attrs, (attr) => attr['forward-identity'].slice(1).join('.')).map((attr) => this.value(attr));
    const names = attrs.map(({ id }) => this.#names.attrNameOf(id) ?? '');
    return names.filter((name) => name !== '' && !name.startsWith('@$')).sort(compareText);
  }

  #jobRank(job: JsonObject): string {
    return JSON.stringify([job['attr_name'] ?? this.#names.attrNameOf(String(job['attr_id'])), job['job_type'], job['checked_data_type']]);
  }

  #object(object: JsonObject, key: string): JsonObject {
    if (this.#whole === false && key === 'app') return { id: this.value(object['id']) };
    if (this.#whole !== 'all' && (key === 'current-schema' || key === 'new-schema')) return schemaNames(object);
    const entries = Object.entries(object).filter(([name]) => !measurements.has(name));
    const named = entries.map(([name, item]) => [name.replace(uuids, (id) => this.#nameOf(id)), this.value(item, name, key)] as const);
    const result: Record<string, unknown> = Object.fromEntries(named);
    if (this.#isUnnamedAttr(object)) result['id'] = `{{${attrPlaceholder(object['forward-identity'] as unknown[])}}}`;
    return Object.fromEntries(Object.entries(result).sort(([a], [b]) => compareText(a, b)));
  }

  #isUnnamedAttr({ id, 'forward-identity': identity }: JsonObject): boolean {
    return Array.isArray(identity) && typeof id === 'string' && isUuid.test(id) && this.#names.nameOf(id, this.#saved) === undefined;
  }
}

interface Attr {
  readonly id: string;
  readonly 'forward-identity': readonly unknown[];
}

const isAttrList = (list: readonly unknown[]): list is Attr[] => isObject(list[0]) && list[0]['forward-identity'] !== undefined;

const sortedBy = <T>(list: readonly T[], rank: (item: T) => string): T[] => [...list].sort((a, b) => compareText(rank(a), rank(b)));

/** An identity is `[id, etype, label]`; the id says nothing. */
function withoutIdentId([id, ...names]: readonly unknown[]): unknown[] {
  if (id === undefined) return [];
  return [typeof id === 'string' && /^\{\{.*\}\}$/.test(id) ? '{{ident}}' : id, ...names];
}

/** The entities, attributes and links of a schema, without those of the system. */
function schemaNames({ blobs, refs }: JsonObject): JsonObject {
  const own = Object.entries((blobs ?? {}) as JsonObject).filter(([etype]) => !etype.startsWith('$'));
  const labels = own.map(([etype, attrs]) => [etype, Object.keys(attrs ?? {}).sort(compareText)] as const);
  return {
    blobs: Object.fromEntries(labels.sort(([a], [b]) => compareText(a, b))),
    refs: Object.keys(refs ?? {})
      .filter((ref) => !ref.startsWith('["$'))
      .sort(compareText),
  };
}

function shorten(text: string): string {
  if (text.length <= longText) return text;
  return `{{text of ${text.length}, ${createHash('sha256').update(text).digest('hex').slice(0, 8)}}}`;
}
