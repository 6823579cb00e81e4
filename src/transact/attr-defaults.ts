// Creates the attr for a label that the catalog does not have: from the schema if there is one, otherwise with default properties. The
// client creates such attrs when a transaction first uses a label; `schemaAttrs` creates all attrs of a schema at once.

import { TransactionValidationError } from '../errors.ts';
import type { CheckedType, WireAttr } from '../protocol/attr.ts';
import { type AttrShape, type Entities, type LinkShape, own } from '../schema/read.ts';
import type { AnySchema } from '../schema/schema.ts';

type NewAttr = Omit<WireAttr, 'isUnsynced'>;

function isChecked(valueType: string): valueType is CheckedType {
  return ['string', 'number', 'boolean', 'date'].includes(valueType);
}

export function newFieldAttr(etype: string, label: string, isLookup: boolean, schema: AnySchema | undefined, id: () => string): WireAttr {
  return {
    ...blob(etype, label, id),
    ...(schema && fieldTraits(schema, etype, label)),
    ...((isLookup || label === 'id') && { 'unique?': true }),
    ...(isLookup && { 'index?': true }),
    isUnsynced: true,
  };
}

export function newLinkAttr(etype: string, label: string, isLookup: boolean, schema: AnySchema | undefined, id: () => string): WireAttr {
  const attr = schema ? linkFromSchema(schema, etype, label, id) : link([etype, label], [label, etype], id);
  return { ...attr, ...(isLookup && { cardinality: 'one', 'unique?': true, 'index?': true }), isUnsynced: true };
}

/** Every attr of a schema, as pushing the schema to an empty app creates them. */
export function schemaAttrs(schema: AnySchema, id: () => string): WireAttr[] {
  const fields = Object.entries(entitiesOf(schema)).flatMap(([etype, { attrs }]): NewAttr[] => [
    { ...blob(etype, 'id', id), 'unique?': true },
    ...Object.entries(attrs)
      .filter(([label]) => label !== 'id')
      .map(([label, def]) => ({ ...blob(etype, label, id), ...traitsOf(def), 'required?': def.required === true })),
  ]);
  const links = linksOf(schema).map((def) => ({ ...linkOf(def, id), 'required?': def.forward.required === true }));
  return [...fields, ...links];
}

function blob(etype: string, label: string, id: () => string): NewAttr {
  return {
    id: id(),
    'forward-identity': [id(), etype, label],
    'value-type': 'blob',
    cardinality: 'one',
    'unique?': false,
    'index?': false,
  };
}

function link(forward: readonly [string, string], reverse: readonly [string, string], id: () => string): NewAttr {
  return { ...blob(...forward, id), 'reverse-identity': [id(), ...reverse], 'value-type': 'ref', cardinality: 'many' };
}

function entitiesOf(schema: AnySchema): Entities {
  return schema.entities as Entities;
}

function linksOf(schema: AnySchema): readonly LinkShape[] {
  return Object.values((schema.links ?? {}) as Readonly<Record<string, LinkShape>>);
}

function fieldTraits(schema: AnySchema, etype: string, label: string): Partial<WireAttr> {
  const entity = own(entitiesOf(schema), etype);
  const def = own(entity?.attrs, label);
  if (def) return traitsOf(def);
  if (label === 'id' && entity) return {};
  throw new TransactionValidationError(`The schema has no attribute '${etype}.${label}'`);
}

function traitsOf({ valueType, config }: AttrShape): Partial<WireAttr> {
  return {
    'unique?': config.unique === true,
    'index?': config.indexed === true,
    ...(isChecked(valueType) && { 'checked-data-type': valueType }),
  };
}

function linkFromSchema(schema: AnySchema, etype: string, label: string, id: () => string): NewAttr {
  const def = linksOf(schema).find(({ forward, reverse }) => [forward, reverse].some((end) => end.on === etype && end.label === label));
  if (!def) throw new TransactionValidationError(`The schema has no link '${etype}.${label}'`);
  return linkOf(def, id);
}

/** In the direction declared in the schema, whichever end the transaction used. */
function linkOf({ forward, reverse }: LinkShape, id: () => string): NewAttr {
  return {
    ...link([forward.on, forward.label], [reverse.on, reverse.label], id),
    cardinality: forward.has === 'one' ? 'one' : 'many',
    'unique?': reverse.has === 'one',
    ...(forward.onDelete && { 'on-delete': forward.onDelete }),
    ...(reverse.onDelete && { 'on-delete-reverse': reverse.onDelete }),
  };
}
