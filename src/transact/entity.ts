// Converts the entity of an operation to the entity reference of a step: ids stay, the label of a lookup becomes an attr id.

import { TransactionValidationError } from '../errors.ts';
import type { Attr } from '../protocol/attr.ts';
import type { EntityRef } from '../protocol/transact-messages.ts';
import type { NewAttrs } from './new-attrs.ts';
import type { Entity } from './operation.ts';

/** Creates the attr of a lookup if it does not exist. Attrs created for a lookup are unique. */
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
  // From the reverse end, the link would resolve to the wrong entity.
  if (!side?.isForward) throw new TransactionValidationError(`A lookup by '${label}' needs a link that '${etype}' is the forward side of`);
  return side.attr;
}

/** `pass` of `pass.id`. An attr whose label contains the dot takes precedence. */
function linkLabel(etype: string, label: string, names: NewAttrs): string | undefined {
  if (!label.includes('.') || names.owned(etype, label)) return undefined;
  const [link = '', id, ...rest] = label.split('.');
  if (id !== 'id' || link === '' || rest.length > 0) {
    throw new TransactionValidationError(`'${etype}.${label}' is not a valid lookup: only the id at the other end of a link can be one`);
  }
  return link;
}
