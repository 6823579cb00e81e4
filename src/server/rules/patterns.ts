// What `matches` asks of a text: a pattern in RE2's syntax, as CEL has it, by `@bufbuild/re2`, which takes time in proportion to the
// text whatever the pattern. JavaScript's own goes back and forth, and a few characters can keep a server busy for ever. What a pattern
// costs is counted as well.

import type { RE2JS } from '@bufbuild/re2';
import { EvaluationError } from './cel/values.ts';
import type { CostLimit } from './cost-limit.ts';

export type PatternLibrary = typeof import('@bufbuild/re2');

/** Instructions of the pattern times characters of the text that count as one step. */
const perStep = 10;
/** An instruction that is made, in steps. */
const made = 10;
/** Instructions of one pattern. */
const longest = 2000;
/** Patterns kept: each may come to hold some MB. */
const mostKept = 50;

export class Patterns {
  readonly #library: PatternLibrary;
  readonly #limit: CostLimit;
  /** The one used last is last. */
  readonly #kept = new Map<string, RE2JS>();

  constructor(library: PatternLibrary, limit: CostLimit) {
    this.#library = library;
    this.#limit = limit;
  }

  /** @throws Error if it is no pattern, or costs too much */
  matches(text: string, pattern: string): boolean {
    const compiled = this.compiled(pattern);
    this.#limit.spend(Math.ceil((text.length * compiled.re2Input.prog.numInst()) / perStep));
    return compiled.test(text);
  }

  /** @throws Error if it is no pattern, or costs too much */
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

/** What a pattern comes to before it is compiled: what is repeated is counted as often; a group as if it were the whole. */
function sizeOf(pattern: string): number {
  let size = pattern.length;
  for (const [, before, least, most] of pattern.matchAll(/(.)\{(\d+)(?:,(\d*))?\}/gsu)) {
    const times = Math.max(Number(least), Number(most ?? 0));
    size += times * (before === ')' ? pattern.length : 1);
  }
  return size;
}
