// Coming back from an OAuth provider: who it is, or why not, before anything else is asked.

import { describe, expect, it } from 'vitest';

import { testClient } from '../support/client.ts';
import { settled } from '../../src/testing/virtual/clock.ts';
import { initOk } from '../support/goals.ts';
import { resolveConfig } from '../../src/client/config.ts';
import { extraFieldsKey } from '../../src/http/oauth.ts';
import { pendingOAuthRedirect } from '../../src/client/create-client.ts';
import { memoryStore } from '../../src/storage/memory.ts';

const appId = 'a9900000-0000-4000-8000-000000000001';
const ana = { id: '0b000000-0000-4000-8000-000000000001', refresh_token: 'token', email: 'ana@example.com', isGuest: false };

function page(href: string): {
  location: { href: string };
  history: { replaced: string[]; replaceState: (d: unknown, u: string, url: string) => void };
} {
  const replaced: string[] = [];
  return { location: { href }, history: { replaced, replaceState: (_data, _unused, url) => void replaced.push(url) } };
}

function app(answer: { status: number; body: unknown }): { config: ReturnType<typeof resolveConfig>; asked: unknown[] } {
  const asked: unknown[] = [];
  const fetch = (_url: unknown, init?: RequestInit): Promise<Response> => {
    asked.push(JSON.parse(init?.body as string));
    return Promise.resolve(Response.json(answer.body, { status: answer.status }));
  };
  return { config: resolveConfig({ appId, fetch }), asked };
}

const returnTo = 'https://example.com/board?tab=2&_instant_oauth_redirect=1&code=abc';

describe('returning from an OAuth provider', () => {
  it('the client exchanges the code, cleans the URL, and sends init with the new token', async () => {
    const store = memoryStore();
    await store.write([{ put: extraFieldsKey('f1'), value: { nickname: 'a' } }]);
    const { config, asked } = app({ status: 200, body: { user: ana } });
    const from = page(`${returnTo}&_instant_extra_fields_id=f1#top`);
    const client = testClient({ store, completeOAuthRedirect: pendingOAuthRedirect(config, store, from) });
    await client.reactor.account.loaded;
    await settled();
    expect(from.history.replaced).toEqual(['/board?tab=2#top']);
    expect(asked).toEqual([{ app_id: appId, code: 'abc', extra_fields: { nickname: 'a' } }]);
    expect(client.reactor.account.user).toMatchObject({ email: 'ana@example.com' });
    expect(client.sentMessages('init')[0]).toMatchObject({ 'refresh-token': 'token' });
    expect(await store.get(extraFieldsKey('f1'))).toBeUndefined();
    client.reactor.shutdown();
  });

  it('a page that may not change its URL is signed in all the same', async () => {
    const store = memoryStore();
    const from = page(returnTo);
    from.history.replaceState = () => {
      throw new DOMException('denied', 'SecurityError');
    };
    const { config } = app({ status: 200, body: { user: ana } });
    const client = testClient({ store, completeOAuthRedirect: pendingOAuthRedirect(config, store, from) });
    await client.reactor.account.loaded;
    expect([client.reactor.account.user, client.reactor.account.error]).toMatchObject([{ id: ana.id }, undefined]);
    client.reactor.shutdown();
  });

  it.each([
    ['the server', returnTo, { status: 400, body: { type: 'record-not-found', message: 'no such code' } }, 'no such code'],
    ['the provider', 'https://example.com/?_instant_oauth_redirect=1&error=denied', { status: 200, body: {} }, 'denied'],
  ])('a rejection by %s is exposed as an error, and the session continues without a user', async (_who, href, answer, message) => {
    const store = memoryStore();
    const client = testClient({ store, completeOAuthRedirect: pendingOAuthRedirect(app(answer).config, store, page(href)) });
    await client.reactor.account.loaded;
    await settled();
    expect(client.reactor.account.error?.message).toContain(message);
    expect(client.reactor.account.user).toBeNull();
    await client.receive(initOk());
    expect(client.reactor.status).toBe('authenticated');
    client.reactor.shutdown();
  });

  it('a store that takes nothing leaves the user signed in: the code is spent', async () => {
    const full = (): Promise<never> => Promise.reject(new Error('full'));
    const store = { ...memoryStore(), write: full };
    const { config } = app({ status: 200, body: { user: ana } });
    const from = page(`${returnTo}&_instant_extra_fields_id=f1`);
    const client = testClient({ store, completeOAuthRedirect: pendingOAuthRedirect(config, store, from) });
    await client.reactor.account.loaded;
    await settled();
    expect([client.reactor.account.user, client.reactor.account.error]).toMatchObject([{ id: ana.id }, undefined]);
    expect(client.errors).toMatchObject([{ code: 'storage-failed' }]);
    client.reactor.shutdown();
  });

  it('any other URL is ignored', () => {
    const from = page('https://example.com/?code=abc');
    expect(pendingOAuthRedirect(app({ status: 200, body: {} }).config, memoryStore(), from)).toBeUndefined();
    expect(from.history.replaced).toEqual([]);
  });
});

it('a page that may not read its history is not treated as a redirect', () => {
  const blocked = {
    get history(): never {
      throw new DOMException('blocked', 'SecurityError');
    },
  };
  expect(pendingOAuthRedirect({} as never, memoryStore(), blocked)).toBeUndefined();
});
