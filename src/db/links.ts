// The representation of links in a slot: one id as a string, several as an array. Values are never mutated: a changed slot gets a new
// value, so two rows can be compared slot by slot.

/** The value of a link slot: one id, or several in insertion order. */
export type Links = string | readonly string[] | undefined;

export type LinkTimes = number | readonly number[] | undefined;

export function addLink(links: Links, target: string): Links {
  if (links === undefined) return target;
  if (typeof links === 'string') return links === target ? links : [links, target];
  return links.includes(target) ? links : [...links, target];
}

export function removeLink(links: Links, target: string): Links {
  const all = listed(links);
  const rest = all.filter((id) => id !== target);
  return rest.length === all.length ? links : rest.length > 1 ? rest : rest[0];
}

/** Whether two slots hold the same set of ids in any order. */
export function sameLinks(a: Links, b: Links): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a.length !== b.length) return false;
  if (a.every((id, at) => id === b[at])) return true;
  const ids = new Set(a);
  return b.every((id) => ids.has(id));
}

/** Calls `differ` with each id that is in exactly one of the slots. */
export function eachDifference(a: Links, b: Links, differ: (id: string, isGone: boolean) => void): void {
  const after = listed(b);
  const gone = new Set(listed(a));
  const added = after.filter((id) => !gone.delete(id));
  for (const id of gone) differ(id, true);
  for (const id of added) differ(id, false);
}

export function listed(links: Links): readonly string[] {
  return links === undefined ? [] : typeof links === 'string' ? [links] : links;
}
