// An attribute, in its wire form (`WireAttr`) and in the form the rest of the code uses (`Attr`). One attr describes one field of a
// namespace, or one link seen from both of its ends.

export type CheckedType = 'string' | 'number' | 'boolean' | 'date';
export type Identity = readonly [identId: string, etype: string, label: string];

/** An attr in its wire form. PROTOCOL.md#attr */
export interface WireAttr {
  readonly id: string;
  readonly 'value-type': 'blob' | 'ref';
  readonly cardinality: 'one' | 'many';
  readonly 'forward-identity': Identity;
  readonly 'reverse-identity'?: Identity;
  readonly 'unique?': boolean;
  readonly 'index?': boolean;
  readonly 'required?'?: boolean;
  readonly 'checked-data-type'?: CheckedType;
  readonly 'inferred-types'?: readonly string[] | null;
  readonly 'on-delete'?: 'cascade';
  readonly 'on-delete-reverse'?: 'cascade';
  readonly catalog?: 'user' | 'system';
  readonly 'indexing?'?: true;
  readonly 'checking-data-type?'?: true;
  readonly 'setting-unique?'?: true;
  readonly 'primary?'?: boolean;
  readonly metadata?: unknown;
  readonly isUnsynced?: true;
}

/** An attr in parsed form; `wire` is the message it was parsed from. */
export interface Attr {
  readonly id: string;
  /** The namespace that owns the attr, and the attr's name there. For a link: the side that holds the triple's `e`. */
  readonly etype: string;
  readonly label: string;
  /** Links only: the namespace of the triple's `v`, and the link's name there. */
  readonly reverseEtype: string | undefined;
  readonly reverseLabel: string | undefined;
  readonly isRef: boolean;
  readonly isMany: boolean;
  readonly isUnique: boolean;
  readonly isIndexed: boolean;
  readonly isRequired: boolean;
  readonly checkedType: CheckedType | undefined;
  /** Deleting the target deletes the sources that point at it. */
  readonly cascadesToSource: boolean;
  /** Deleting the source deletes the targets it points at. */
  readonly cascadesToTarget: boolean;
  readonly isPrimary: boolean;
  readonly isSystem: boolean;
  /** Created on this client; the server has not confirmed it yet. */
  readonly isUnsynced: boolean;
  readonly wire: WireAttr;
}

export function readAttr(wire: WireAttr): Attr {
  const [, etype, label] = wire['forward-identity'];
  const reverse = wire['reverse-identity'];
  return {
    id: wire.id,
    etype,
    label,
    reverseEtype: reverse?.[1],
    reverseLabel: reverse?.[2],
    isRef: wire['value-type'] === 'ref',
    isMany: wire.cardinality === 'many',
    isUnique: wire['unique?'],
    isIndexed: wire['index?'],
    isRequired: wire['required?'] ?? false,
    checkedType: wire['checked-data-type'],
    cascadesToSource: wire['on-delete'] === 'cascade',
    cascadesToTarget: wire['on-delete-reverse'] === 'cascade',
    isPrimary: wire['primary?'] ?? false,
    isSystem: wire.catalog === 'system',
    isUnsynced: wire.isUnsynced ?? false,
    wire,
  };
}

/** Whether `readAttr` can read the value. */
export function isWireAttr(value: unknown): value is WireAttr {
  if (typeof value !== 'object' || value === null) return false;
  const attr: Partial<Record<keyof WireAttr, unknown>> = value;
  return (
    typeof attr.id === 'string' &&
    isIdentity(attr['forward-identity']) &&
    (attr['value-type'] === 'blob' || (attr['value-type'] === 'ref' && isIdentity(attr['reverse-identity']))) &&
    (attr.cardinality === 'one' || attr.cardinality === 'many')
  );
}

function isIdentity(value: unknown): value is Identity {
  return Array.isArray(value) && value.length === 3 && value.every((part) => typeof part === 'string');
}
