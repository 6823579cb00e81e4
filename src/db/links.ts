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
  if (links === undefined || links === target) return undefined;
  if (typeof links === 'string') return links;
  const rest = links.filter((id) => id !== target);
  return rest.length === links.length ? links : rest.length === 1 ? rest[0] : rest;
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
export function eachDifference(a: Links, b: Links, differ: (id: string) => void): void {
  if (a === b) return;
  const before = listed(a);
  const after = listed(b);
  if (before.length + after.length < 16) {
    for (const id of before) if (!after.includes(id)) differ(id);
    for (const id of after) if (!before.includes(id)) differ(id);
    return;
  }
  const were = new Set(before);
  const are = new Set(after);
  for (const id of were) if (!are.has(id)) differ(id);
  for (const id of are) if (!were.has(id)) differ(id);
}

export function listed(links: Links): readonly string[] {
  return links === undefined ? [] : typeof links === 'string' ? [links] : links;
}
