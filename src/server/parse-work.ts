// What parsing a JSON text will cost, estimated before it is parsed: 16 MiB of `[[[]]],` or of short keys keep `JSON.parse`, and with it the
// server, busy for seconds.

/** About 0.1 µs of `JSON.parse` each. */
const [perItem, perContainer, perKey] = [1, 5, 10];
/** A shorter text is cheap to parse whatever it contains. */
const cheapLength = 16 * 1024;

export interface ParseLimits {
  readonly work: number;
  /** Nesting of arrays and objects. */
  readonly depth: number;
}

/** The limit that a text exceeds, if any. The text need not be valid. */
export function exceededByParsing(text: string, limits: ParseLimits): 'work' | 'depth' | undefined {
  const maxDepth = limits.depth;
  const maxWork = text.length <= cheapLength ? Infinity : limits.work;
  let work = 0;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x22: // "
        at = endOfString(text, at);
        break;
      case 0x2c: // ,
        work += perItem;
        break;
      case 0x3a: // :
        work += perKey;
        break;
      case 0x5b: // [
      case 0x7b: // {
        work += perContainer;
        if (++depth > maxDepth) return 'depth';
        break;
      case 0x5d: // ]
      case 0x7d: // }
        depth--;
        break;
    }
    if (work > maxWork) return 'work';
  }
  return undefined;
}

/** Where the string ends that begins at `start`. */
function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let before = at;
    while (text.charCodeAt(before - 1) === 0x5c) before--;
    if ((at - before) % 2 === 0) return at;
  }
  return text.length;
}
