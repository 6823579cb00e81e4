// What `{{…}}` in a recorded request stands for in this run, and what an id in a response is called.

import { createHash, randomUUID } from 'node:crypto';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const placeholder = /\{\{([^{}]+)\}\}/g;

/** A uuid that is the same for the same name in every run. */
export function uuidFor(name: string): string {
  const hex = sha256(name);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** Text that does not compress, the same in every run. */
function incompressible(length: number): string {
  let text = '';
  for (let block = 0; text.length < length; block++) text += sha256(`r${block}`);
  return text.slice(0, length);
}

/** Every name that stands in `{{…}}` somewhere in a value. */
export function placeholdersIn(value: unknown): string[] {
  return [...JSON.stringify(value).matchAll(placeholder)].map(([, name = '']) => name);
}

export const attrPlaceholder = (identity: readonly unknown[]): string => `@${String(identity[1])}.${String(identity[2])}`;

interface KnownApp {
  readonly id: string;
  readonly adminToken: string;
}

export class Placeholders {
  /** Values that steps have saved, by name. */
  readonly saved = new Map<string, unknown>();
  readonly #app: KnownApp;
  readonly #nameById = new Map<string, string>();
  readonly #idByName = new Map<string, string>();
  /** Attribute id → its current name. */
  readonly #attrs = new Map<string, string>();
  /** Attribute name → the first id that had it. */
  readonly #firstAttrs = new Map<string, string>();

  constructor(app: KnownApp) {
    this.#app = app;
  }

  /** The value with every placeholder filled in and every `$each` repeated. */
  fill(value: unknown): unknown {
    if (typeof value === 'string') return this.#fillText(value);
    if (Array.isArray(value)) return value.flatMap((item) => this.#fillItem(item));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [String(this.#fillText(key)), this.fill(item)]));
  }

  #fillText(text: string): unknown {
    const [, whole] = /^\{\{([^{}]+)\}\}$/.exec(text) ?? [];
    if (whole !== undefined) return this.valueOf(whole);
    return text.replace(placeholder, (_, name: string) => String(this.valueOf(name)));
  }

  #fillItem(item: unknown): unknown[] {
    const { $each: times, of } = (item ?? {}) as { $each?: number; of?: unknown };
    if (!times) return [this.fill(item)];
    const template = JSON.stringify(of);
    return Array.from({ length: times }, (_, index) => this.fill(JSON.parse(template.replaceAll('{{#}}', String(index)))));
  }

  /** A name that nothing has given a value is an id of its own. */
  valueOf(name: string): unknown {
    if (name === 'APP') return this.#app.id;
    if (name === 'ADMIN') return this.#app.adminToken;
    if (this.saved.has(name)) return this.saved.get(name);
    const [, repeated, times] = /^repeat:(.*):(\d+)$/s.exec(name) ?? [];
    if (repeated !== undefined) return repeated.repeat(Number(times));
    const [, length] = /^random:(\d+)$/.exec(name) ?? [];
    if (length !== undefined) return incompressible(Number(length));
    if (name.startsWith('new:')) return this.#idFor(name, randomUUID);
    return this.#attrId(name) ?? this.#idFor(name, () => uuidFor(name));
  }

  #idFor(name: string, make: () => string): string {
    const known = this.#idByName.get(name);
    if (known !== undefined) return known;
    const id = make();
    this.#idByName.set(name, id);
    this.#nameById.set(id, name);
    return id;
  }

  #attrId(name: string): string | undefined {
    for (const [id, known] of this.#attrs) if (known === name) return id;
    return this.#firstAttrs.get(name);
  }

  /** Learns the names of a list of attributes, as they are now. */
  learnAttrs(attrs: unknown): void {
    if (!Array.isArray(attrs)) return;
    for (const attr of attrs) if (attr?.['forward-identity']) this.#learnAttr(attr.id, attrPlaceholder(attr['forward-identity']));
  }

  #learnAttr(id: string, name: string): void {
    this.#attrs.set(id, name);
    if (!this.#firstAttrs.has(name)) this.#firstAttrs.set(name, id);
  }

  /** Learns the attributes anywhere in a value; an attribute that is known keeps its name. */
  learnAttrsIn(value: unknown): void {
    if (typeof value !== 'object' || value === null) return;
    const { id, 'forward-identity': identity } = value as { id?: unknown; 'forward-identity'?: unknown };
    if (Array.isArray(identity) && typeof id === 'string' && !this.#attrs.has(id)) this.#learnAttr(id, attrPlaceholder(identity));
    for (const item of Object.values(value)) this.learnAttrsIn(item);
  }

  attrNameOf(id: string): string | undefined {
    return this.#attrs.get(id);
  }

  nameOf(id: string, saved: ReadonlyMap<string, string>): string | undefined {
    if (id === this.#app.id) return 'APP';
    if (id === this.#app.adminToken) return 'ADMIN';
    return this.#nameById.get(id) ?? saved.get(id) ?? this.#attrs.get(id);
  }

  /** Saved text → its name. A text of five characters or fewer may stand in a response by chance, and names nothing. */
  savedTexts(): Map<string, string> {
    const texts = [...this.saved].filter((entry): entry is [string, string] => typeof entry[1] === 'string' && entry[1].length > 5);
    return new Map(texts.map(([name, text]) => [text, name]));
  }
}
