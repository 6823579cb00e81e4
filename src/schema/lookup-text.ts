// How the text of a lookup is told from an id, in whose place it may stand. How it is made and read is in transact/lookup.ts.

export const lookupPrefix = 'lookup__';

export function isLookup(text: string): boolean {
  return text.startsWith(lookupPrefix);
}
