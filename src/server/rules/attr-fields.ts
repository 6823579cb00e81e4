// An attr as the rule `attrs.create` sees it.

import type { WireAttr } from '../../protocol/attr.ts';
import { type Fields, fieldsOf } from './fields.ts';

export function attrFields(attr: WireAttr): Fields {
  return fieldsOf({ ...attr });
}
