// The original writes a name with a slash (`a/b`) into the schema of a backup twice: whole but without its types, and as what follows the
// slash (`b`) with them. The files of the entities bear the whole name, so the two can be put together again.

import type { AttrConfig, LinkConfig, SchemaConfig } from './backup-config.ts';

export interface RepairedSchema {
  readonly entities: SchemaConfig['entities'];
  readonly links: readonly LinkConfig[];
  readonly notes: readonly string[];
}

/** `namespaces`: those that have rows. */
export function repairedSchema({ entities, links }: SchemaConfig, namespaces: readonly string[]): RepairedSchema {
  const notes: string[] = [];
  const repaired = new Map(Object.entries(entities));
  for (const name of new Set([...Object.keys(entities), ...namespaces].filter((each) => each.includes('/')))) {
    const short = name.slice(name.indexOf('/') + 1);
    const stray = entities[short];
    if (!stray || namespaces.includes(short)) continue;
    const whole = repaired.get(name)?.attrs ?? {};
    // A namespace that is there for itself has attributes that the other does not.
    if (!Object.keys(stray.attrs).every((label) => whole[label] === undefined || isPlain(whole[label]))) continue;
    if (Object.keys(whole).length > 0 && !Object.keys(stray.attrs).some((label) => Object.hasOwn(whole, label))) continue;
    repaired.set(name, { attrs: { ...whole, ...stray.attrs } });
    repaired.delete(short);
    notes.push(`the schema of the backup has '${name}' also as '${short}': taken over as '${name}'`);
  }
  return { entities: Object.fromEntries(repaired), links: Object.values(links), notes };
}

const isPlain = ({ valueType, config }: AttrConfig): boolean => valueType === 'any' && !config?.unique && !config?.indexed;
