// Channel patterns as InsForge has them: SQL LIKE with `%` alone.

/** Whether the server takes this as the pattern of a channel definition: no `%` in the first segment, `_` nowhere. */
export function isValidChannelPattern(pattern: string): boolean {
  return /^[A-Za-z0-9-]+(?::[A-Za-z0-9%:-]+)?$/.test(pattern);
}

/** Whether a channel name is one of the pattern's: `%` is any run of characters, `:` among them, or none. */
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
