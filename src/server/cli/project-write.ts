// Writes a server's schema and rules as the files of a project.

import { isObject } from '../../lib/json.ts';
import { readAttr, type Attr, type WireAttr } from '../../protocol/attr.ts';
import { systemAttrs } from '../data/system-attrs.ts';
import { linkName } from '../move/config-schema.ts';

const system: ReadonlySet<unknown> = new Set(systemAttrs.map(({ id }) => id));
const key = (name: string): string => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name));

/** `from`: the package that exports `i`. */
export function schemaText(given: readonly unknown[], from: string): string {
  const attrs = given
    .filter(isObject)
    .filter(({ id }) => !system.has(id))
    .map((wire) => readAttr(wire as unknown as WireAttr));
  const entities = new Map<string, string[]>();
  for (const attr of attrs) {
    const own = entities.get(attr.etype) ?? [];
    if (!attr.isRef && attr.label !== 'id') own.push(`      ${key(attr.label)}: ${typeOf(attr)},`);
    entities.set(attr.etype, own);
  }
  const entityLines = [...entities]
    .sort()
    .map(([etype, lines]) => `    ${key(etype)}: i.entity({${lines.length > 0 ? `\n${lines.sort().join('\n')}\n    ` : ''}}),`);
  const named: [name: string, attr: Attr][] = [];
  for (const attr of attrs) if (attr.isRef) named.push([linkName(attr, named), attr]);
  const links = named.map(([name, attr]) => linkText(name, attr)).sort();
  return `import { i } from '${from}';

const schema = i.schema({
  entities: {
${entityLines.join('\n')}
  },
  links: {${links.length > 0 ? `\n${links.join('\n')}\n  ` : ''}},
});

export default schema;
`;
}

function typeOf({ checkedType, isRequired, isUnique, isIndexed }: Attr): string {
  const modifiers = [isUnique && '.unique()', isIndexed && '.indexed()', !isRequired && '.optional()'];
  return `i.${checkedType ?? 'json'}()${modifiers.filter(Boolean).join('')}`;
}

function linkText(name: string, { etype, label, reverseEtype = '', reverseLabel = '', isMany, isUnique, isRequired, wire }: Attr): string {
  const end = (on: string, has: string, of: string, isNeeded: boolean, onDelete: unknown): string => {
    const traits = [isNeeded && ', required: true', onDelete === 'cascade' && ", onDelete: 'cascade'"];
    return `{ on: ${JSON.stringify(on)}, has: '${has}', label: ${JSON.stringify(of)}${traits.filter(Boolean).join('')} }`;
  };
  return `    ${key(name)}: {
      forward: ${end(etype, isMany ? 'many' : 'one', label, isRequired, wire['on-delete'])},
      reverse: ${end(reverseEtype, isUnique ? 'one' : 'many', reverseLabel, false, wire['on-delete-reverse'])},
    },`;
}

export function rulesText(rules: unknown): string {
  return `const rules = ${JSON.stringify(rules ?? {}, null, 2)};\n\nexport default rules;\n`;
}
