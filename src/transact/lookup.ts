// Lookups: an entity named by a unique attribute in the place of its id. As text (`lookup__email__"ana@example.com"`), for where only
// text can stand; as a pair of label and value everywhere else. Which attr a label means is found in entity.ts.

import { TransactionValidationError } from '../errors.ts';
import { lookupPrefix as prefix } from '../schema/read.ts';
import { kindOf, preview } from '../schema/read.ts';

export { isLookup } from '../schema/read.ts';

export type Lookup = string;
export type LookupPair = [label: string, value: unknown];

/**
 * Stands for the entity whose unique attribute has this value, where an id is wanted.
 *
 * @example
 * db.transact(db.tx.people[lookup('email', 'ana@example.com')].update({ name: 'Ana' }));
 */
export function lookup(attribute: string, value: unknown): Lookup {
  return `${prefix}${attribute}__${textOf(attribute, value)}`;
}

/** The label and the value of a lookup's text. */
export function parseLookup(text: string): LookupPair {
  // A label may hold `__` itself, and so may the value: the label ends at the first `__` that valid JSON follows.
  for (let at = text.indexOf('__', prefix.length); at >= 0; at = text.indexOf('__', at + 1)) {
    try {
      return [text.slice(prefix.length, at), JSON.parse(text.slice(at + 2))];
    } catch {
      // Not here.
    }
  }
  throw new TransactionValidationError(`'${preview(text)}' is not a lookup: make one with lookup(attribute, value)`);
}

/** A lookup given as its parts: the value is what it will be after travelling as JSON. */
export function lookupPair(label: string, value: unknown): LookupPair {
  return [label, JSON.parse(textOf(label, value))];
}

function textOf(label: string, value: unknown): string {
  const text = jsonOf(value);
  if (text === undefined) throw new TransactionValidationError(`A lookup by '${label}' needs a value, but received: ${kindOf(value)}`);
  return text;
}

function jsonOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}
