// Attrs of data the server stores as records: sign-ins, magic codes, providers. Admins see them as rows with these attrs; other users do
// not. The ids are the same on every server.

import type { WireAttr } from '../../protocol/attr.ts';
import { blob, idOptions, link } from './system-attrs.ts';

export const recordAttrs: readonly WireAttr[] = [
  blob('$userRefreshTokens', 'id', 'a474-81ffffffffff', idOptions),
  blob('$userRefreshTokens', 'hashedToken', 'a474-7048e41cdcaf', { type: 'string', unique: true, indexed: true }),
  link(['$userRefreshTokens', '$user', 'a475-49123fffffff'], ['$users', '$userRefreshTokens', 'a4b5-48ffffffffff'], {
    'on-delete': 'cascade',
    'index?': true,
  }),
  blob('$magicCodes', 'id', '60b4-81ffffffffff', idOptions),
  blob('$magicCodes', 'codeHash', '60b4-270c87048fff', { type: 'string', indexed: true }),
  blob('$magicCodes', 'email', '60b4-46010bffffff', { type: 'string', indexed: true }),
  blob('$oauthProviders', 'id', '73f4-81ffffffffff', idOptions),
  blob('$oauthProviders', 'name', '73f4-d0309fffffff', { type: 'string', unique: true, indexed: true }),
  blob('$oauthClients', 'id', '70b4-81ffffffffff', idOptions),
  blob('$oauthClients', 'clientId', '70b4-25a08d9a07ff', { indexed: true }),
  blob('$oauthClients', 'discoveryEndpoint', '70b4-34484ea91a3f', { type: 'string' }),
  blob('$oauthClients', 'encryptedClientSecret', '70b4-46884b44882f', { type: 'string' }),
  blob('$oauthClients', 'meta', '70b4-c24c1fffffff', {}),
  blob('$oauthClients', 'name', '70b4-d0309fffffff', { type: 'string', unique: true, indexed: true }),
  blob('$oauthClients', 'redirectTo', '70b5-120d1120a6ef', { type: 'string' }),
  blob('$oauthClients', 'useSharedCredentials', '70b5-49124704451f', { type: 'boolean' }),
  link(['$oauthClients', '$oauthProvider', '70b4-e7c5d540c91f'], ['$oauthProviders', '$oauthClients', '73f4-e17fffffffff'], {
    'on-delete': 'cascade',
  }),
  blob('$oauthUserLinks', 'id', '72f4-81ffffffffff', idOptions),
  link(['$oauthUserLinks', '$oauthProvider', '72f4-e7c5d540c91f'], ['$oauthProviders', '$oauthUserLinks', '73f4-e5ffffffffff'], {
    'on-delete': 'cascade',
    'index?': true,
  }),
  blob('$oauthUserLinks', 'sub', '72f5-2a07ffffffff', { type: 'string', indexed: true }),
  blob('$oauthUserLinks', 'sub+$oauthProvider', '72f5-2a05f175503f', { type: 'string', unique: true, indexed: true }),
  link(['$oauthUserLinks', '$user', '72f5-49123fffffff'], ['$users', '$oauthUserLinks', 'a4b4-e5ffffffffff'], {
    'on-delete': 'cascade',
    'index?': true,
  }),
  blob('$oauthCodes', 'id', '13b4-81ffffffffff', idOptions),
  blob('$oauthCodes', 'codeChallenge', '13b4-270c823816bf', { type: 'string' }),
  blob('$oauthCodes', 'codeChallengeMethod', '13b4-211c0b61267f', { type: 'string' }),
  blob('$oauthCodes', 'codeHash', '13b4-270c87048fff', { type: 'string', unique: true, indexed: true }),
  blob('$oauthCodes', 'userInfo', '13b5-49122d2bbfff', {}),
  link(['$oauthCodes', '$oauthClient', '13b4-e0504b411b3f'], ['$oauthClients', '$oauthCodes', '70b4-277fffffffff'], {
    'on-delete': 'cascade',
  }),
  blob('$oauthRedirects', 'id', '7474-81ffffffffff', idOptions),
  blob('$oauthRedirects', 'codeChallenge', '7474-270c823816bf', { type: 'string' }),
  blob('$oauthRedirects', 'codeChallengeMethod', '7474-211c0b61267f', { type: 'string' }),
  blob('$oauthRedirects', 'cookieHash', '7474-27394838247f', { type: 'string' }),
  blob('$oauthRedirects', 'redirectTo', '7475-120d1120a6ef', { type: 'string' }),
  blob('$oauthRedirects', 'redirectUrl', '7475-120d112522bf', { type: 'string' }),
  blob('$oauthRedirects', 'stateHash', '7475-29826438247f', { type: 'string', unique: true, indexed: true }),
  link(['$oauthRedirects', '$oauthClient', '7474-e0504b411b3f'], ['$oauthClients', '$oauthRedirects', '70b4-e8ffffffffff'], {
    'on-delete': 'cascade',
  }),
];

/** Namespaces of the records. */
export const recordNamespaces: ReadonlySet<string> = new Set(recordAttrs.map(({ 'forward-identity': [, etype] }) => etype));
