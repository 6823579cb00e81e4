// From the way an operation names an entity to the way a step does: an id stays, a lookup's label becomes the attr it means.

import { TransactionValidationError } from '../errors.ts';
import type { Attr } from '../protocol/attr.ts';
import type { EntityRef } from '../protocol/transact-messages.ts';
import type { NewAttrs } from './new-attrs.ts';
import type { Entity } from './operation.ts';

/** Makes sure the attr a lookup goes by is there; born here, it is born unique. */
export function ensureLookupAttr(etype: string, entity: Entity, names: NewAttrs): void {
  if (typeof entity === 'string') return;
  const [label] = entity;
  const link = linkLabel(etype, label, names);
  if (link === undefined) names.field(etype, label, true);
  else names.link(etype, link, true);
}

export function entityRef(etype: string, entity: Entity, names: NewAttrs): EntityRef {
  if (typeof entity === 'string') return entity;
  const [label, value] = entity;
  const attr = lookupAttr(etype, label, names);
  if (!attr?.isUnique) throw new TransactionValidationError(`A lookup needs a unique attribute, and '${etype}.${label}' is not unique`);
  return [attr.id, value];
}

function lookupAttr(etype: string, label: string, names: NewAttrs): Attr | undefined {
  const link = linkLabel(etype, label, names);
  if (link === undefined) return names.owned(etype, label);
  const side = names.side(etype, link);
  // Seen from its other end a link would find the entity at the wrong end.
  if (!side?.isForward) throw new TransactionValidationError(`A lookup by '${label}' needs a link that '${etype}' is the forward side of`);
  return side.attr;
}

/** `pass` of `pass.id`; an attribute that has a dot in its name goes first. */
function linkLabel(etype: string, label: string, names: NewAttrs): string | undefined {
  if (!label.includes('.') || names.owned(etype, label)) return undefined;
  const [link = '', id, ...rest] = label.split('.');
  if (id !== 'id' || link === '' || rest.length > 0) {
    throw new TransactionValidationError(`'${etype}.${label}' is not a valid lookup: only the id at the other end of a link can be one`);
  }
  return link;
}
