// The catalog of an app in the form of the `schema` in a backup's `config.json`.

import type { Attrs, KnownAttr } from '../../db/attrs.ts';
import { hiddenAttrs } from '../http/schema-view.ts';
import type { AttrConfig, LinkConfig, LinkEnd, SchemaConfig } from './backup-config.ts';

export function configSchema(attrs: Attrs): SchemaConfig {
  const entities: [string, { readonly attrs: Readonly<Record<string, AttrConfig>> }][] = [];
  const links: [string, LinkConfig][] = [];
  for (const { etype, blobs, links: own } of attrs.namespaces()) {
    const shown = blobs.filter(({ label }) => label !== 'id' && !hiddenAttrs.has(`${etype}.${label}`));
    if (blobs.length > 0) entities.push([etype, { attrs: Object.fromEntries(shown.map((attr) => [attr.label, attrConfig(attr)])) }]);
    for (const attr of own) links.push([linkName(attr, links), linkConfig(attr)]);
  }
  return { entities: Object.fromEntries(entities), links: Object.fromEntries(links) };
}

function attrConfig({ etype, label, checkedType, isUnique, isIndexed, isRequired }: KnownAttr): AttrConfig {
  const required = isRequired || (etype === '$files' && label === 'url');
  return { valueType: checkedType ?? 'any', config: { unique: isUnique, indexed: isIndexed }, ...(required && { required }) };
}

function linkConfig({ etype, label, reverseEtype = '', reverseLabel = '', ...attr }: KnownAttr): LinkConfig {
  const forward: LinkEnd = {
    ...{ on: etype, label, has: attr.isMany ? 'many' : 'one' },
    ...(attr.isRequired && { required: true }),
    ...(attr.cascadesToSource && { onDelete: 'cascade' }),
  };
  const reverse: LinkEnd = {
    ...{ on: reverseEtype, label: reverseLabel, has: attr.isUnique ? 'one' : 'many' },
    ...(attr.cascadesToTarget && { onDelete: 'cascade' }),
  };
  return { forward, reverse };
}

/** `things.box` becomes `thingsBox`; `ab.c` and `a.bC` must not collide. */
export function linkName({ etype, label }: Pick<KnownAttr, 'etype' | 'label'>, taken: readonly (readonly [string, unknown])[]): string {
  const name = etype + label.slice(0, 1).toUpperCase() + label.slice(1);
  const names = new Set(taken.map(([each]) => each));
  let free = name;
  for (let at = 2; names.has(free); at++) free = `${name}${at}`;
  return free;
}
