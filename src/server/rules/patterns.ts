// Patterns of `matches`, in RE2 syntax as CEL defines it, by `@bufbuild/re2`, whose time is linear in the text for every pattern.
// JavaScript's own engine backtracks, so a short pattern could block the server. The cost of patterns is counted too.

import type { RE2JS } from '@bufbuild/re2';
import { EvaluationError } from './cel/values.ts';
import type { CostLimit } from './cost-limit.ts';

export type PatternLibrary = typeof import('@bufbuild/re2');

/** Pattern instructions × text characters per step of the cost limit. */
const perStep = 10;
/** Steps per compiled instruction. */
const made = 10;
/** Maximum number of instructions per pattern. */
const longest = 2000;
/** Patterns cached: each may occupy several MB. */
const mostKept = 50;

export class Patterns {
  readonly #library: PatternLibrary;
  readonly #limit: CostLimit;
  /** Most recently used last. */
  readonly #kept = new Map<string, RE2JS>();

  constructor(library: PatternLibrary, limit: CostLimit) {
    this.#library = library;
    this.#limit = limit;
  }

  /** @throws Error if the pattern is invalid or too expensive */
  matches(text: string, pattern: string): boolean {
    const compiled = this.compiled(pattern);
    this.#limit.spend(Math.ceil((text.length * compiled.re2Input.prog.numInst()) / perStep));
    return compiled.test(text);
  }

  /** @throws Error if the pattern is invalid or too expensive */
  compiled(pattern: string): RE2JS {
    const known = this.#kept.get(pattern);
    this.#kept.delete(pattern);
    const compiled = known ?? this.#compile(pattern);
    this.#kept.set(pattern, compiled);
    for (const [oldest] of this.#kept) if (this.#kept.size > mostKept) this.#kept.delete(oldest);
    return compiled;
  }

  #compile(pattern: string): RE2JS {
    const size = sizeOf(pattern);
    if (size > longest) throw new EvaluationError('the pattern is too long');
    this.#limit.spend(size * made);
    try {
      return this.#library.RE2JS.compile(pattern);
    } catch (cause) {
      throw new EvaluationError(`no pattern: ${cause instanceof Error ? cause.message : String(cause)}`, 'INVALID_ARGUMENT', { cause });
    }
  }
}

/** Estimates a pattern's instructions before it is compiled: repetitions are multiplied, and a group counts as the whole pattern. */
function sizeOf(pattern: string): number {
  let size = pattern.length;
  for (const [, before, least, most] of pattern.matchAll(/(.)\{(\d+)(?:,(\d*))?\}/gsu)) {
    const times = Math.max(Number(least), Number(most ?? 0));
    size += times * (before === ')' ? pattern.length : 1);
  }
  return size;
}
