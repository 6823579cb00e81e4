// What foreign code throws may be anything: an object without a text, or a proxy that throws again when it is looked at.

/** The text of what was thrown. Never throws. */
export function textOf(thrown: unknown): string {
  try {
    return String(thrown);
  } catch {
    return 'unknown error';
  }
}

/** What was thrown, as an error. Never throws. */
export function errorOf(thrown: unknown): Error {
  try {
    if (thrown instanceof Error) return thrown;
  } catch {}
  return new Error(textOf(thrown));
}
