// InsForge's channel patterns: SQL LIKE with `%` only.

/** Whether the server accepts the pattern of a channel definition: no `%` in the first segment, no `_`. */
export function isValidChannelPattern(pattern: string): boolean {
  return /^[A-Za-z0-9-]+(?::[A-Za-z0-9%:-]+)?$/.test(pattern);
}

/** Whether a channel name matches the pattern: `%` stands for any number of characters, including `:`. */
export function matchChannelPattern(pattern: string, name: string): boolean {
  // By position, not as a regular expression: a pattern with many wildcards would backtrack without end.
  const [first = '', ...rest] = pattern.split('%');
  if (rest.length === 0) return pattern === name;
  if (!name.startsWith(first)) return false;
  const last = rest.pop() ?? '';
  let at = first.length;
  for (const part of rest) {
    const found = name.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return name.length - last.length >= at && name.endsWith(last);
}
