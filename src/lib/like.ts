// SQL's LIKE: `%` matches any run of characters, `_` one character, everything else itself. A backslash makes the
// next character match itself; a backslash at the end matches a backslash.

/** The character at one place of a pattern; undefined matches any character. */
type Place = string | undefined;

/**
 * Returns a test of the whole string, including line breaks.
 *
 * @param spend is told of comparisons while many are made, a thousand or more at a time; may throw
 */
export function likeMatcher(
  pattern: string,
  isCaseless: boolean,
  spend: (comparisons: number) => void = () => {},
): (text: string) => boolean {
  const fold = (text: string): string => (isCaseless ? text.replaceAll('İ', 'i').toLowerCase() : text);
  const parts = partsOf(fold(pattern));
  // Without `_`, the search of the platform takes linear time.
  if (parts.every((part) => !part.includes(undefined))) {
    const texts = parts.map((part) => part.join(''));
    return (text) => matchesTexts(fold(text), texts);
  }
  return (text) => matchesParts(characters(fold(text)), parts, spend);
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

function matchesTexts(text: string, parts: readonly string[]): boolean {
  const [first = ''] = parts;
  const last = parts.at(-1) ?? '';
  if (parts.length === 1) return text === first;
  const end = text.length - last.length;
  if (end < first.length || !text.startsWith(first) || !text.endsWith(last)) return false;
  let from = first.length;
  for (const part of parts.slice(1, -1)) {
    if (part === '') continue;
    from = text.indexOf(part, from) + part.length;
    if (from < part.length || from > end) return false;
  }
  return true;
}

function matchesParts(
  text: string | readonly string[],
  parts: readonly (readonly Place[])[],
  spend: (comparisons: number) => void,
): boolean {
  const first = parts[0] ?? [];
  const last = parts.at(-1) ?? [];
  const matchesAt = (part: readonly Place[], from: number): boolean => matching(text, part, from) === part.length;
  if (parts.length === 1) return text.length === first.length && matchesAt(first, 0);
  if (text.length < first.length + last.length || !matchesAt(first, 0) || !matchesAt(last, text.length - last.length)) return false;
  let from = first.length;
  const end = text.length - last.length;
  let compared = 0;
  for (const part of parts.slice(1, -1)) {
    for (; from + part.length <= end; from++) {
      const matched = matching(text, part, from);
      if (matched === part.length) break;
      compared += matched + 1;
      if (compared < 1000) continue;
      spend(compared);
      compared = 0;
    }
    if (from + part.length > end) return false;
    from += part.length;
  }
  return true;
}

/** How many places of the part match from here on. */
function matching(text: string | readonly string[], part: readonly Place[], from: number): number {
  let at = 0;
  while (at < part.length && (part[at] === undefined || part[at] === text[from + at])) at++;
  return at;
}
