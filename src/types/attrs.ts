// An attribute under the names of InstantDB's public types. The wire form is in protocol/attr.ts.

export type InstantDBIdent = [id: string, etype: string, label: string];
export type InstantDBInferredType = 'number' | 'string' | 'boolean' | 'json';
export type InstantDBCheckedDataType = 'number' | 'string' | 'boolean' | 'date';
export type InstantDBAttrOnDelete = 'cascade';

export type InstantDBAttr = {
  id: string;
  catalog: 'system' | 'user';
  'value-type': 'blob' | 'ref';
  cardinality: 'many' | 'one';
  'forward-identity': InstantDBIdent;
  'reverse-identity'?: InstantDBIdent | null | undefined;
  'inferred-types': InstantDBInferredType[] | null;
  'checked-data-type'?: InstantDBCheckedDataType | null | undefined;
  'unique?': boolean;
  'index?': boolean;
  'required?': boolean;
  'indexing?'?: boolean;
  'setting-unique?'?: boolean;
  'on-delete'?: InstantDBAttrOnDelete | null | undefined;
  'on-delete-reverse'?: InstantDBAttrOnDelete | null | undefined;
};
