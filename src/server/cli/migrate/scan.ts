// Distinguishes code from comments and strings in JavaScript and TypeScript sources. Works without a parser, so that it reads every
// dialect; a misread string ends at the end of its line.

const Kind = { code: 0, comment: 1, text: 2 } as const;

export class Scanned {
  readonly source: string;
  readonly #kinds: Uint8Array;

  constructor(source: string, kinds: Uint8Array) {
    this.source = source;
    this.#kinds = kinds;
  }

  isCode(at: number): boolean {
    return this.#kinds[at] === Kind.code;
  }

  isComment(at: number): boolean {
    return this.#kinds[at] === Kind.comment;
  }

  /** Whether a string or a template starts here. */
  isTextStart(at: number): boolean {
    return this.#kinds[at] === Kind.text && (at === 0 || this.#kinds[at - 1] !== Kind.text);
  }

  /** The next character of code other than a space. */
  nextCode(from: number): number {
    for (let at = from; at < this.source.length; at++) {
      if (this.isCode(at) && !/\s/.test(this.source[at] ?? '')) return at;
      if (this.isTextStart(at)) return at;
    }
    return this.source.length;
  }

  /** Where the bracket that is open before `from` closes. */
  closing(from: number): number {
    let depth = 1;
    for (let at = from; at < this.source.length; at++) {
      if (!this.isCode(at)) continue;
      const char = this.source[at] ?? '';
      if ('({['.includes(char)) depth++;
      if (')}]'.includes(char) && --depth === 0) return at;
    }
    return this.source.length;
  }

  /** Positions of the pattern's matches that start in code. */
  *matches(pattern: RegExp): Generator<RegExpExecArray> {
    for (const match of this.source.matchAll(pattern)) if (this.isCode(match.index)) yield match;
  }
}

/** `isMarkup`: of a Vue, Svelte or Astro file, where only scripts are code. */
export function scan(source: string, isMarkup: boolean): Scanned {
  const kinds = new Uint8Array(source.length).fill(isMarkup ? Kind.comment : Kind.code);
  if (!isMarkup) new Scanner(source, kinds).code(0, source.length);
  else {
    for (const match of source.matchAll(/<script\b[^>]*>([\s\S]*?)<\/script>|^---\r?\n([\s\S]*?)^---/gm)) {
      const text = match[1] ?? match[2] ?? '';
      const from = match.index + match[0].indexOf(text, match[0].startsWith('<') ? match[0].indexOf('>') : 3);
      kinds.fill(Kind.code, from, from + text.length);
      new Scanner(source, kinds).code(from, from + text.length);
    }
  }
  return new Scanned(source, kinds);
}

/** An expression follows these, so `/` starts a regular expression. */
const beforePattern = /(?:^|[(,=:[!&|?{;+\-*%^~]|=>|\b(?:return|typeof|case|in|of|delete|void|throw|new|else|do|await|yield))\s*$/;

class Scanner {
  readonly #source: string;
  readonly #kinds: Uint8Array;

  constructor(source: string, kinds: Uint8Array) {
    this.#source = source;
    this.#kinds = kinds;
  }

  /** Ends after `to`, or at a brace that closes one opened earlier. Returns where. */
  code(from: number, to: number): number {
    let depth = 0;
    let at = from;
    while (at < to) {
      const char = this.#source[at] ?? '';
      if (char === '{') depth++;
      if (char === '}' && --depth < 0) return at;
      const end = this.#end(at, to);
      if (end === undefined) at++;
      else at = end;
    }
    return to;
  }

  /** The end of the comment, string or regular expression that starts here. */
  #end(at: number, to: number): number | undefined {
    const [char, next] = [this.#source[at], this.#source[at + 1]];
    if (char === '/' && next === '/') return this.#mark(at, this.#lineEnd(at, to), Kind.comment);
    if (char === '/' && next === '*') {
      const end = this.#source.indexOf('*/', at + 2);
      return this.#mark(at, end === -1 ? to : end + 2, Kind.comment);
    }
    if (char === "'" || char === '"') return this.#string(at, to, char);
    if (char === '`') return this.#template(at, to);
    return char === '/' && beforePattern.test(this.#source.slice(Math.max(0, at - 20), at)) ? this.#pattern(at, to) : undefined;
  }

  #mark(from: number, to: number, kind: number): number {
    this.#kinds.fill(kind, from, to);
    return to;
  }

  #lineEnd(at: number, to: number): number {
    const end = this.#source.indexOf('\n', at);
    return end === -1 || end > to ? to : end;
  }

  #string(from: number, to: number, quote: string): number | undefined {
    for (let at = from + 1; at < to; at++) {
      const char = this.#source[at];
      if (char === '\\') at++;
      else if (char === quote) return this.#mark(from, at + 1, Kind.text);
      else if (char === '\n') return undefined;
    }
    return undefined;
  }

  #template(from: number, to: number): number | undefined {
    const parts: [number, number][] = [];
    let start = from;
    for (let at = from + 1; at < to; at++) {
      const char = this.#source[at];
      if (char === '\\') at++;
      else if (char === '`') {
        for (const [begin, end] of [...parts, [start, at + 1] as const]) this.#mark(begin, end, Kind.text);
        return at + 1;
      } else if (char === '$' && this.#source[at + 1] === '{') {
        parts.push([start, at + 2]);
        at = this.code(at + 2, to);
        start = at;
      }
    }
    return undefined;
  }

  #pattern(from: number, to: number): number | undefined {
    let isClass = false;
    for (let at = from + 1; at < to; at++) {
      const char = this.#source[at];
      if (char === '\n') return undefined;
      if (char === '\\') at++;
      else if (char === '[') isClass = true;
      else if (char === ']') isClass = false;
      else if (char === '/' && !isClass) return this.#mark(from, at + 1, Kind.text);
    }
    return undefined;
  }
}
