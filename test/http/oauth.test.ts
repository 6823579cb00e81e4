// The address someone is sent to, and what is read off the one they return to.

import { expect, it } from 'vitest';

import { createAuthorizationURL, issuerURI } from '../../src/http/oauth.ts';
import { readOAuthReturn } from '../../src/client/oauth-redirect.ts';

const app = { apiURI: 'https://api.example.org', appId: '7b1c2d3e-4f50-4a61-8b72-9c83ad94be05' };
const start = `${app.apiURI}/runtime/oauth/start?app_id=${app.appId}`;
const enc = encodeURIComponent;

it.each([
  ['plain', 'google', 'https://a.org/in', undefined, `${start}&client_name=google&redirect_uri=${enc('https://a.org/in')}`],
  ['a name with a space', 'my apple', 'https://a.org', undefined, `${start}&client_name=my%20apple&redirect_uri=${enc('https://a.org')}`],
  ['fields', 'g', 'https://a.org', 'x1', `${start}&client_name=g&redirect_uri=${enc('https://a.org?_instant_extra_fields_id=x1')}`],
  [
    'and a query',
    'g',
    'https://a.org/?b=c',
    'x1',
    `${start}&client_name=g&redirect_uri=${enc('https://a.org/?b=c&_instant_extra_fields_id=x1')}`,
  ],
  [
    'and a fragment',
    'g',
    'https://a.org/#/d?e',
    'x1',
    `${start}&client_name=g&redirect_uri=${enc('https://a.org/?_instant_extra_fields_id=x1#/d?e')}`,
  ],
])('authorization: %s', (_name, clientName, redirectURL, extraFieldsId, url) => {
  expect(createAuthorizationURL(app, { clientName, redirectURL }, extraFieldsId)).toBe(url);
});

it('authorization: an empty redirect URL is rejected', () => {
  expect(() => createAuthorizationURL(app, { clientName: 'g', redirectURL: '' })).toThrow(
    'createAuthorizationURL: `redirectURL` must be a non-empty string',
  );
});

it('the issuer URI contains the app id', () => {
  expect(issuerURI(app)).toBe('https://api.example.org/runtime/7b1c2d3e-4f50-4a61-8b72-9c83ad94be05');
});

const flag = '_instant_oauth_redirect=true';

it.each([
  ['no return', 'https://a.org/?code=c', undefined],
  ['neither code nor error', `https://a.org/?${flag}`, undefined],
  ['a code', `https://a.org/in?code=c1&${flag}`, { cleanPath: '/in', error: undefined, code: 'c1', extraFieldsId: undefined }],
  [
    'a code, fields, and foreign parameters',
    `https://a.org/in?q=a%20b+c&_instant_extra_fields_id=x1&code=c1&${flag}&state=s#top`,
    { cleanPath: '/in?q=a%20b+c&state=s#top', error: undefined, code: 'c1', extraFieldsId: 'x1' },
  ],
  ['an error', `https://a.org/?error=No+such+user&${flag}&code=c1`, { cleanPath: '/', error: 'No such user' }],
])('return: %s', (_name, href, found) => {
  expect(readOAuthReturn(href)).toEqual(found);
});
