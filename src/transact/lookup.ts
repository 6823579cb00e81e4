// Lookups: an entity identified by a unique attribute instead of its id. In text form (`lookup__email__"ana@example.com"`) where only a
// string fits, otherwise as a pair of label and value. entity.ts resolves the label to an attr.

import { TransactionValidationError } from '../errors.ts';
import { kindOf, lookupPrefix as prefix, preview } from '../schema/read.ts';
import { storable } from './value.ts';

export { isLookup } from '../schema/read.ts';

export type Lookup = string;
export type LookupPair = [label: string, value: unknown];

/**
 * Identifies an entity by the value of a unique attribute; accepted wherever an id is.
 *
 * @example
 * db.transact(db.tx.people[lookup('email', 'ana@example.com')].update({ name: 'Ana' }));
 */
export function lookup(attribute: string, value: unknown): Lookup {
  return `${prefix}${attribute}__${textOf(attribute, value)}`;
}

/** Splits the text form of a lookup into label and value. */
export function parseLookup(text: string): LookupPair {
  // Label and value may contain `__`: the label ends at the first `__` that is followed by valid JSON.
  for (let at = text.indexOf('__', prefix.length); at >= 0; at = text.indexOf('__', at + 1)) {
    try {
      return [text.slice(prefix.length, at), JSON.parse(text.slice(at + 2))];
    } catch {
      // Not valid JSON from here; try the next `__`.
    }
  }
  throw new TransactionValidationError(`'${preview(text)}' is not a lookup: make one with lookup(attribute, value)`);
}

/** A lookup given as label and value. The value is normalized to its JSON form. */
export function lookupPair(label: string, value: unknown): LookupPair {
  return [label, JSON.parse(textOf(label, value))];
}

function textOf(label: string, value: unknown): string {
  const text = JSON.stringify(storable(value, label)) as string | undefined;
  if (text === undefined) throw new TransactionValidationError(`A lookup by '${label}' needs a value, but received: ${kindOf(value)}`);
  return text;
}
