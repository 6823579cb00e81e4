// SQL's LIKE in linear time per segment: `%` matches any run of characters, `_` one character, everything else itself.

/** Returns a test of the whole string, including line breaks. */
export function likeMatcher(pattern: string, isCaseless: boolean): (text: string) => boolean {
  const fold = (text: string): string => (isCaseless ? text.toLowerCase() : text);
  const parts = fold(pattern).split('%').map(characters);
  return (text) => matchesParts(characters(fold(text)), parts);
}

/** Characters instead of code units, so that `_` matches an emoji. */
function characters(text: string): string | readonly string[] {
  return /[\uD800-\uDFFF]/.test(text) ? [...text] : text;
}

type Characters = string | readonly string[];

function matchesParts(text: Characters, parts: readonly Characters[]): boolean {
  const first = parts[0] ?? '';
  const last = parts[parts.length - 1] ?? '';
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

function matchesAt(text: Characters, part: Characters, from: number): boolean {
  for (let at = 0; at < part.length; at++) if (part[at] !== '_' && part[at] !== text[from + at]) return false;
  return true;
}
