// Which links of a catalogue have at most one at the other end, seen from either end.

import type { Attrs } from '../../db/attrs.ts';
import type { SingularLinks } from '../../query/compile.ts';

export function singularLinks(attrs: Attrs): SingularLinks {
  const found = Object.create(null) as Record<string, Record<string, { isSingular: boolean }>>;
  const note = (etype: string, label: string, isSingular: boolean): void => {
    const links = (found[etype] ??= Object.create(null) as Record<string, { isSingular: boolean }>);
    links[label] = { isSingular };
  };
  for (const { isRef, isMany, isUnique, etype, label, reverseEtype, reverseLabel } of attrs.list) {
    if (!isRef) continue;
    if (reverseEtype !== undefined && reverseLabel !== undefined) note(reverseEtype, reverseLabel, isUnique);
    note(etype, label, !isMany);
  }
  return found;
}
