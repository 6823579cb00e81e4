// A query as it is compiled against the attrs that its view sees, which pending writes and the server change.

import type { Attrs } from '../../db/attrs.ts';
import type { TriplaneError } from '../../errors.ts';
import { type CompiledQuery, type CompileOptions, compile } from '../../query/compile.ts';
import type { Query } from '../../query/query.ts';
import type { LinkIndex } from '../../schema/schema.ts';
import { asError } from '../client-errors.ts';

export interface ViewOptions {
  readonly links?: LinkIndex | undefined;
  readonly useDates?: boolean | undefined;
}

export class Compilation {
  readonly #query: Query;
  readonly #options: CompileOptions;
  #compiled: CompiledQuery;
  #attrs: Attrs;
  #signature: string;
  #error: TriplaneError | undefined;

  constructor(query: Query, attrs: Attrs, { links, useDates }: ViewOptions) {
    this.#query = query;
    this.#options = { singular: links, isShared: true, useDates };
    this.#attrs = attrs;
    this.#compiled = this.#compile(attrs);
    this.#signature = this.#signatureIn(attrs);
  }

  /** With an error, it is compiled as a query that asks for nothing. */
  get compiled(): CompiledQuery {
    return this.#compiled;
  }

  /** Why the query cannot be compiled. The same object while the reason is the same, so that no listener is notified twice. */
  get error(): TriplaneError | undefined {
    return this.#error;
  }

  /** Compiles the query again. Returns whether the attrs differ in a namespace that it reads. */
  update(attrs: Attrs): boolean {
    if (attrs === this.#attrs) return false;
    this.#attrs = attrs;
    const before = this.#signature;
    this.#compiled = this.#compile(attrs);
    this.#signature = this.#signatureIn(attrs);
    return before !== this.#signature;
  }

  #compile(attrs: Attrs): CompiledQuery {
    try {
      const compiled = compile(this.#query, attrs, this.#options);
      this.#error = undefined;
      return compiled;
    } catch (cause) {
      const error = asError(cause, 'query-invalid');
      if (error.message !== this.#error?.message) this.#error = error;
      return compile({}, attrs, this.#options);
    }
  }

  #signatureIn(attrs: Attrs): string {
    return [...this.#compiled.etypes].map((etype) => attrs.signature(etype)).join('\n');
  }
}
