// Attrs that every app has from the start: users, files, streams. Their ids are the same everywhere, so that an app can move between
// servers. system-rules.ts defines who may write them.

import type { CheckedType, WireAttr } from '../../protocol/attr.ts';

export interface AttrOptions {
  readonly type?: CheckedType;
  readonly unique?: true;
  readonly indexed?: true;
  readonly required?: true;
}

/** Suffix of system ids; attrs and identities have different prefixes. */
const ofAttr = '96653230-13ff-ffff-';
const ofIdentity = '96653231-03ff-ffff-';

export function blob(etype: string, label: string, end: string, { type, unique, indexed, required }: AttrOptions): WireAttr {
  return {
    id: ofAttr + end,
    'value-type': 'blob',
    cardinality: 'one',
    'forward-identity': [ofIdentity + end, etype, label],
    'unique?': unique ?? false,
    'index?': indexed ?? false,
    'required?': required ?? false,
    ...(type && { 'checked-data-type': type }),
    'inferred-types': ['string'],
    catalog: 'system',
  };
}

export type End = readonly [etype: string, label: string, end: string];

export function link(forward: End, reverse: End, rest: Partial<WireAttr>): WireAttr {
  return {
    id: ofAttr + forward[2],
    'value-type': 'ref',
    cardinality: 'one',
    'forward-identity': [ofIdentity + forward[2], forward[0], forward[1]],
    'reverse-identity': [ofIdentity + reverse[2], reverse[0], reverse[1]],
    'unique?': false,
    'index?': false,
    'required?': false,
    'inferred-types': ['string'],
    catalog: 'system',
    ...rest,
  };
}

export const idOptions: AttrOptions = { unique: true, indexed: true };

export const systemAttrs: readonly WireAttr[] = [
  blob('$users', 'id', 'a4b4-81ffffffffff', idOptions),
  blob('$users', 'email', 'a4b4-46010bffffff', { type: 'string', unique: true, indexed: true }),
  blob('$users', 'type', 'a4b5-3cbc9fffffff', { type: 'string' }),
  blob('$users', 'imageURL', 'a4b4-8600c4a457ff', { type: 'string' }),
  link(['$users', 'linkedPrimaryUser', 'a4b4-b7d3ffffffff'], ['$users', 'linkedGuestUsers', 'a4b4-b353ffffffff'], {
    'on-delete': 'cascade',
  }),
  blob('$files', 'id', '2a34-81ffffffffff', idOptions),
  blob('$files', 'path', '2a34-f04cffffffff', { type: 'string', unique: true, indexed: true, required: true }),
  blob('$files', 'size', '2a35-24609fffffff', { type: 'number', indexed: true, required: true }),
  blob('$files', 'content-type', '2a34-29e5e4ffffff', { type: 'string', indexed: true }),
  blob('$files', 'content-disposition', '2a34-21a24fffffff', { type: 'string', indexed: true }),
  blob('$files', 'location-id', '2a34-b40fffffffff', { type: 'string', unique: true, indexed: true, required: true }),
  blob('$files', 'key-version', '2a34-aaffffffffff', { type: 'number' }),
  blob('$files', 'url', '2a35-48afffffffff', { type: 'string' }),
  blob('$streams', 'id', '94f4-81ffffffffff', idOptions),
  blob('$streams', 'clientId', '94f4-25a08d9a07ff', { type: 'string', unique: true, indexed: true, required: true }),
  blob('$streams', 'machineId', '94f4-c008e869103f', { type: 'string' }),
  link(['$streams', '$files', '94f4-547fffffffff'], ['$files', '$stream', '2a35-29c48067ffff'], {
    cardinality: 'many',
    'unique?': true,
    'on-delete-reverse': 'cascade',
  }),
  blob('$streams', 'done', '94f4-37349fffffff', { type: 'boolean' }),
  blob('$streams', 'size', '94f5-24609fffffff', { type: 'number' }),
  blob('$streams', 'hashedReconnectToken', '94f4-7048f124dcaf', { type: 'string' }),
  blob('$streams', 'abortReason', '94f4-00c6712024df', { type: 'string' }),
];

/** System namespaces that an app may add attrs to. */
export const openNamespaces: ReadonlySet<string> = new Set(['$users', '$files', '$streams']);

export const isSystemEtype = (etype: string): boolean => etype.startsWith('$');
