// What `matches` asks of a text: a pattern in RE2's syntax, as CEL has it, by `re2js`, which takes time in proportion to the text
// whatever the pattern. The library's own goes by JavaScript's, where a few characters can keep a server busy for ever. What a
// pattern costs is put under the meter.

import type { RE2JS } from 're2js';
import type { Meter } from './cost-limit.ts';

export type PatternLibrary = typeof import('re2js');

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
  readonly #meter: Meter;
  /** The one used last is last. */
  readonly #kept = new Map<string, RE2JS>();

  constructor(library: PatternLibrary, meter: Meter) {
    this.#library = library;
    this.#meter = meter;
  }

  /** @throws Error if it is no pattern, or costs too much */
  matches(text: string, pattern: string): boolean {
    const compiled = this.compiled(pattern);
    this.#meter.spend(Math.ceil((text.length * compiled.programSize()) / perStep));
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
    if (size > longest) throw new Error('the pattern is too long');
    this.#meter.spend(size * made);
    try {
      return this.#library.RE2JS.compile(pattern);
    } catch (cause) {
      throw new Error(`no pattern: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
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
