// SQL's LIKE in linear time per segment: `%` matches any run of characters, `_` one character, everything else itself. A backslash makes the
// next character match itself; a backslash at the end matches a backslash.

/** The character at one place of a pattern; undefined matches any character. */
type Place = string | undefined;

/** Returns a test of the whole string, including line breaks. */
export function likeMatcher(pattern: string, isCaseless: boolean): (text: string) => boolean {
  const fold = (text: string): string => (isCaseless ? text.replaceAll('İ', 'i').toLowerCase() : text);
  const parts = partsOf(fold(pattern));
  return (text) => matchesParts(characters(fold(text)), parts);
}

/** The segments between the `%` of a pattern. */
function partsOf(pattern: string): Place[][] {
  const parts: Place[][] = [[]];
  let isEscaped = false;
  for (const character of pattern) {
    if (!isEscaped && character === '\\') isEscaped = true;
    else {
      if (!isEscaped && character === '%') parts.push([]);
      else parts.at(-1)?.push(!isEscaped && character === '_' ? undefined : character);
      isEscaped = false;
    }
  }
  if (isEscaped) parts.at(-1)?.push('\\');
  return parts;
}

/** Characters instead of code units, so that `_` matches an emoji. */
function characters(text: string): string | readonly string[] {
  return /[\uD800-\uDFFF]/.test(text) ? [...text] : text;
}

function matchesParts(text: string | readonly string[], parts: readonly (readonly Place[])[]): boolean {
  const first = parts[0] ?? [];
  const last = parts.at(-1) ?? [];
  if (parts.length === 1) return text.length === first.length && matchesAt(text, first, 0);
  if (text.length < first.length + last.length || !matchesAt(text, first, 0) || !matchesAt(text, last, text.length - last.length))
    return false;
  let from = first.length;
  const end = text.length - last.length;
  for (const part of parts.slice(1, -1)) {
    while (from + part.length <= end && !matchesAt(text, part, from)) from++;
    if (from + part.length > end) return false;
    from += part.length;
  }
  return true;
}

function matchesAt(text: string | readonly string[], part: readonly Place[], from: number): boolean {
  for (let at = 0; at < part.length; at++) if (part[at] !== undefined && part[at] !== text[from + at]) return false;
  return true;
}
