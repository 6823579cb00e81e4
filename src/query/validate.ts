// What can be told of a query before it is asked: that its forms are forms, and with a schema that names and values fit it. Every
// message begins with the path to its place. What `where` may say is in validate-where.ts.

import { QueryValidationError } from '../errors.ts';
import type { AnySchema } from '../schema.ts';
import { entitiesOf, type EntityShape, kindOf, listed, own } from '../schema/read.ts';
import type { FormOptions } from './query.ts';
import { refuseUnsendable } from './validate-json.ts';
import { validateWhere } from './validate-where.ts';

const optionFlags: Readonly<Record<keyof FormOptions, 'anywhere' | 'top'>> = {
  where: 'anywhere',
  order: 'anywhere',
  limit: 'anywhere',
  last: 'top',
  first: 'top',
  offset: 'top',
  after: 'top',
  afterInclusive: 'top',
  before: 'top',
  beforeInclusive: 'top',
  fields: 'anywhere',
  aggregate: 'anywhere',
};

/** A form's place in the query. */
interface Place {
  readonly path: string;
  readonly etype: string;
  readonly isTop: boolean;
}

/**
 * Refuses a query that cannot be right.
 *
 * @throws QueryValidationError
 * @example
 * validateQuery({ goals: { $: { where: { titel: 'Swim' } } } }, schema) // throws: At path 'goals.$.where.titel': …
 */
export function validateQuery(query: unknown, schema?: AnySchema): void {
  if (typeof query !== 'object' || query === null || Array.isArray(query)) {
    throw new QueryValidationError(`A query must be an object, but received: ${kindOf(query)}`);
  }
  refuseUnsendable(query);
  for (const [etype, form] of Object.entries(query)) {
    if (etype === '$$ruleParams') continue;
    if (Array.isArray(form))
      throw new QueryValidationError(`What is asked of '${etype}' must be an object with string keys, not an array`, etype);
    if (schema && !own(entitiesOf(schema), etype)) {
      throw new QueryValidationError(`The schema has no entity '${etype}'. Its entities: ${listed(entitiesOf(schema))}`, etype);
    }
    validateForm(form, { path: etype, etype, isTop: true }, schema);
  }
}

function validateForm(form: unknown, place: Place, schema: AnySchema | undefined): void {
  const { path, etype } = place;
  if (typeof form !== 'object' || form === null || Array.isArray(form)) {
    throw new QueryValidationError(`What is asked of '${etype}' must be an object, but received: ${kindOf(form)}`, path);
  }
  const entity = schema && own(entitiesOf(schema), etype);
  for (const [key, value] of Object.entries(form)) {
    if (key === '$') {
      validateOptions(value, { ...place, path: `${path}.$` }, schema);
    } else {
      const linked = entity ? linkedBy(entity, key, place) : key;
      // Left out on purpose, as in `{ todos: isOpen ? {} : undefined }`.
      if (value !== undefined) validateForm(value, { path: `${path}.${key}`, etype: linked, isTop: false }, schema);
    }
  }
}

function linkedBy(entity: EntityShape, label: string, { path, etype }: Place): string {
  const link = own(entity.links, label);
  if (link) return link.entityName;
  throw new QueryValidationError(`'${etype}' has no link '${label}'. Its links: ${listed(entity.links)}`, `${path}.${label}`);
}

function validateOptions(options: unknown, { path, etype, isTop }: Place, schema: AnySchema | undefined): void {
  if (typeof options !== 'object' || options === null) {
    throw new QueryValidationError(`The options '$' of '${etype}' must be an object, but received: ${kindOf(options)}`, path);
  }
  for (const [key, value] of Object.entries(options)) {
    const allowed = own<'anywhere' | 'top'>(optionFlags, key);
    if (!allowed) throw new QueryValidationError(`There is no option '${key}'. The options: ${listed(optionFlags)}`, path);
    if (allowed === 'top' && !isTop && value !== undefined) {
      throw new QueryValidationError(`'${key}' works on top-level namespaces only, not in a nested form`, path);
    }
  }
  const where: unknown = 'where' in options ? options.where : undefined;
  // A falsy `where` is none: `where: userId && { owner: userId }`.
  if (where && schema) validateWhere(where, etype, schema, `${path}.where`);
}
