// The original writes a name with a slash (`a/b`) into the schema of a backup twice: in full but without types, and as the part after the
// slash (`b`) with types. The entity files have the full name, so the two can be joined again.

import type { AttrConfig, LinkConfig, SchemaConfig } from './backup-config.ts';

export interface RepairedSchema {
  readonly entities: SchemaConfig['entities'];
  readonly links: readonly LinkConfig[];
  readonly notes: readonly string[];
}

/** `namespaces`: those with rows. */
export function repairedSchema({ entities, links }: SchemaConfig, namespaces: readonly string[]): RepairedSchema {
  const notes: string[] = [];
  const repaired = new Map(Object.entries(entities));
  for (const name of new Set([...Object.keys(entities), ...namespaces].filter((each) => each.includes('/')))) {
    const short = name.slice(name.indexOf('/') + 1);
    const stray = entities[short];
    if (!stray || namespaces.includes(short)) continue;
    const whole = repaired.get(name)?.attrs ?? {};
    // A namespace that exists in its own right has attributes that the other lacks.
    if (!Object.keys(stray.attrs).every((label) => whole[label] === undefined || isPlain(whole[label]))) continue;
    if (Object.keys(whole).length > 0 && !Object.keys(stray.attrs).some((label) => Object.hasOwn(whole, label))) continue;
    repaired.set(name, { attrs: { ...whole, ...stray.attrs } });
    repaired.delete(short);
    notes.push(`the schema of the backup has '${name}' also as '${short}': taken over as '${name}'`);
  }
  return { entities: Object.fromEntries(repaired), links: Object.values(links), notes };
}

const isPlain = ({ valueType, config }: AttrConfig): boolean => valueType === 'any' && !config?.unique && !config?.indexed;
