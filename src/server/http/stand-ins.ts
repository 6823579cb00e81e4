// Stands in for names and ids that no step can have while operations are expanded, so that it is the check of the steps that rejects them,
// as for steps that a session sends.

import { isObject } from '../../lib/json.ts';
import { isUuid } from '../../lib/uuid.ts';
import { isLookup } from '../../schema/read.ts';

/** The short form of an id, which only the first of two checks accepts. */
const shortId = /^[\da-f]{1,8}(?:-[\da-f]{1,4}){3}-[\da-f]{1,12}$/i;

export const isShortId = (id: string): boolean => shortId.test(id) && !isUuid(id);

export class StandIns {
  readonly #uuid: () => string;
  readonly #oddOf = new Map<string, string>();

  constructor(uuid: () => string) {
    this.#uuid = uuid;
  }

  /** An operation that can be expanded. */
  operation([action, etype, id, args, ...rest]: readonly unknown[]): readonly unknown[] {
    const isLinking = action === 'link' || action === 'unlink';
    const named = isObject(args) && action !== 'ruleParams' ? this.#named(args, isLinking) : args;
    return [action, etype === '' ? this.#for('') : etype, typeof id === 'string' && isShortId(id) ? this.#for(id) : id, named, ...rest];
  }

  /** The steps as they would be with what was given. */
  restored<T>(value: T): T {
    return this.#oddOf.size === 0 ? value : (this.#restored(value) as T);
  }

  #named(args: Readonly<Record<string, unknown>>, isLinking: boolean): Readonly<Record<string, unknown>> {
    const entries = Object.entries(args).map(([label, value]): [string, unknown] => [
      label === '' ? this.#for('') : label,
      isLinking ? this.#targets(value) : value,
    ]);
    return Object.fromEntries(entries);
  }

  /** An object without a key is no link. */
  #targets(targets: unknown): unknown {
    if (isObject(targets) && Object.keys(targets).length === 0) return [];
    if (!Array.isArray(targets)) return targets;
    return targets.map((target: unknown) => {
      return typeof target === 'string' && !isUuid(target) && !isLookup(target) ? this.#for(target) : target;
    });
  }

  #for(odd: string): string {
    const standIn = this.#uuid();
    this.#oddOf.set(standIn, odd);
    return standIn;
  }

  #restored(value: unknown): unknown {
    if (typeof value === 'string') return this.#oddOf.get(value) ?? value;
    if (Array.isArray(value)) return value.map((item) => this.#restored(item));
    if (!isObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.#restored(item)]));
  }
}
