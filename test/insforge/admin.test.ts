// The management API against the double, which checks each request with the vendor's schemas.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { describe, expect, test } from 'vitest';

import {
  createInsforgeAdmin,
  InsforgeApiError,
  type InsforgeAdminOptions,
  type Message,
  parseInsforgeWebhook,
} from '../../src/insforge/index.ts';
import { anonKey, apiKey, userToken } from './double.ts';
import { insforgeWorld, until } from './world.ts';

const world = insforgeWorld();
const admin = (options: Partial<InsforgeAdminOptions> = {}) =>
  createInsforgeAdmin({ baseUrl: `${world.double.url}/`, retryDelayMs: 1, ...('token' in options ? {} : { apiKey }), ...options });
const unknownId = '550e8400-e29b-41d4-a716-446655440000';

describe('channels', () => {
  test('are created, read, changed, listed newest first, and deleted', async () => {
    const { channels } = admin();
    const made = await channels.create({
      pattern: 'order:%',
      description: 'Orders',
      webhookUrls: ['https://example.com/hook'],
      enabled: false,
    });
    expect(made).toMatchObject({ pattern: 'order:%', description: 'Orders', webhookUrls: ['https://example.com/hook'], enabled: false });
    expect(await channels.get(made.id)).toEqual(made);
    expect((await channels.list()).map(({ pattern }) => pattern)).toEqual(['order:%', 'board:%', 'chat:%']);
    expect(await channels.update(made.id, { enabled: true, description: '' })).toMatchObject({
      enabled: true,
      description: '',
      pattern: 'order:%',
    });
    await channels.delete(made.id);
    await expect(channels.get(made.id)).rejects.toMatchObject({
      name: 'InsforgeApiError',
      status: 404,
      code: 'REALTIME_CHANNEL_NOT_FOUND',
      message: 'Channel not found',
    });
    expect(await channels.create({ pattern: 'x', description: '' })).toMatchObject({ description: null, enabled: true });
  });

  test('creating a pattern that exists fails', async () => {
    await expect(admin().channels.create({ pattern: 'chat:%' })).rejects.toMatchObject({ status: 409, code: 'DATABASE_DUPLICATE' });
  });

  test.each([
    ['an id', () => admin().channels.get('1')],
    ['an id to delete', () => admin().channels.delete('../config')],
    ['a pattern', () => admin().channels.create({ pattern: '%' })],
    ['a pattern with _', () => admin().channels.update(unknownId, { pattern: 'a_b' })],
    ['no pattern', () => admin().channels.create({} as never)],
    ['an address', () => admin().channels.create({ pattern: 'a', webhookUrls: ['nowhere'] })],
    ['a limit', () => admin().messages.list({ limit: 0 })],
    ['an offset', () => admin().messages.list({ offset: -1 })],
    ['a channel id', () => admin().messages.stats({ channelId: 'chat:1' })],
    ['a date', () => admin().messages.stats({ since: 'yesterday' })],
    ['a retention', () => admin().config.update({ retentionDays: 0 })],
    ['no retention', () => admin().config.update({} as never)],
  ])('invalid argument: %s is rejected without a request', async (_what, call) => {
    await expect(call()).rejects.toMatchObject({ name: 'InvalidArgumentError', code: 'INVALID_ARGUMENT' });
    expect(world.double.requests).toEqual([]);
  });
});

describe('messages', () => {
  async function publish(count: number): Promise<void> {
    const room = world.user('3a5b1c1e-1111-4222-8333-444455556666').room('chat', '1', { ack: 'echo' });
    await room.join();
    for (let n = 0; n < count; n++) await room.publish(n % 2 === 0 ? 'even' : 'odd', { n });
  }

  test('the history is read by page, by event and by definition', async () => {
    await publish(5);
    const { messages, channels } = admin();
    const [, chat] = await channels.list();
    const all = await messages.list();
    expect(all.map(({ payload }) => (payload as { n: number }).n)).toEqual([4, 3, 2, 1, 0]);
    expect(all[0]).toMatchObject({ eventName: 'even', channelName: 'chat:1', channelId: chat?.id, senderType: 'user', wsAudienceCount: 1 });
    expect(await messages.list({ eventName: 'odd' })).toHaveLength(2);
    expect(await messages.list({ channelId: unknownId })).toEqual([]);
    expect((await messages.list({ limit: 2, offset: 1 })).map(({ payload }) => (payload as { n: number }).n)).toEqual([3, 2]);
    await channels.delete(chat?.id ?? '');
    expect((await messages.list())[0]?.channelId).toBeNull();
    expect(await messages.clear()).toBe(5);
    expect(await messages.list()).toEqual([]);
  });

  test('pages() yields each message once, although new messages shift the pages', async () => {
    await publish(7);
    const got: Message[] = [];
    for await (const message of admin().messages.pages({ limit: 3 })) {
      got.push(message);
      if (got.length === 2) await publish(2);
    }
    expect(new Set(got.map(({ id }) => id)).size).toBe(got.length);
    expect(got).toHaveLength(7);
  });

  test('pages() ends with an error on a server that ignores the offset', async () => {
    await publish(3);
    const firstPage: typeof fetch = (input, init) => {
      const url = new URL(input instanceof Request ? input.url : input);
      url.searchParams.delete('offset');
      return fetch(url, init);
    };
    const got: Message[] = [];
    const reading = async (): Promise<void> => {
      for await (const message of admin({ fetch: firstPage }).messages.pages({ limit: 2 })) got.push(message);
    };
    await expect(reading()).rejects.toMatchObject({ name: 'InsforgeApiError', code: 'MALFORMED_RESPONSE' });
    expect(got).toHaveLength(2);
  });

  test('statistics', async () => {
    await publish(3);
    const { messages, config } = admin();
    await config.update({ retentionDays: 30 });
    expect(await messages.stats()).toEqual({
      totalMessages: 3,
      whDeliveryRate: 0,
      topEvents: [
        { eventName: 'even', count: 2 },
        { eventName: 'odd', count: 1 },
      ],
      retentionDays: 30,
    });
    expect(
      (await messages.stats({ since: new Date(Date.now() + 60_000), channelId: world.double.definitions[0]?.id ?? '' })).totalMessages,
    ).toBe(0);
  });
});

test('permissions: the roles are a list, in each format that the server uses', async () => {
  expect(await admin().permissions.get()).toEqual({
    subscribe: {
      policies: [expect.objectContaining({ policyName: 'own_boards', roles: ['authenticated', 'team lead'], withCheck: null })],
    },
    publish: { policies: [expect.objectContaining({ roles: ['anon'] })] },
  });
});

test('the retention is read, updated, and read back with verify', async () => {
  const { config } = admin();
  expect(await config.get()).toEqual({ retentionDays: null });
  expect(await config.update({ retentionDays: 90 })).toEqual({ retentionDays: 90 });
  expect(await config.update({ retentionDays: null }, { verify: true })).toEqual({ retentionDays: null });
});

test('health needs no credentials', async () => {
  expect(await admin({ apiKey: 'ik_wrong' }).health()).toMatchObject({ status: 'ok', version: '2.3.1' });
  expect(world.double.requests[0]?.headers).not.toHaveProperty('x-api-key');
});

describe('errors', () => {
  test.each([
    [{ apiKey: 'ik_wrong' }, 401, 'AUTH_INVALID_API_KEY'],
    [{ token: anonKey }, 401, 'AUTH_UNAUTHORIZED'],
    [{ token: userToken('ana', { role: 'project_admin', expired: true }) }, 401, 'AUTH_UNAUTHORIZED'],
    [{ token: userToken('ana') }, 403, 'AUTH_UNAUTHORIZED'],
  ])('%o', async (options, status, code) => {
    await expect(admin(options).channels.list()).rejects.toMatchObject({ name: 'InsforgeApiError', status, code });
  });

  test('the token function is called once more when its token has expired', async () => {
    let asked = 0;
    const { channels } = admin({ token: () => userToken('ana', { role: 'project_admin', expired: ++asked === 1 }) });
    expect(await channels.list()).toHaveLength(2);
    expect(asked).toBe(2);
  });

  test.each([
    [500, 'oops', 'MALFORMED_RESPONSE'],
    [404, '<html>Not here</html>', 'MALFORMED_RESPONSE'],
    [413, '', 'MALFORMED_RESPONSE'],
    [400, '{"message":"no code"}', 'MALFORMED_RESPONSE'],
    [400, '{"error":"INVALID_INPUT","message":"limit: too large","nextActions":"Use at most 1000"}', 'INVALID_INPUT'],
    [200, '<html>A proxy</html>', 'MALFORMED_RESPONSE'],
    [200, '{"not":"a list"}', 'MALFORMED_RESPONSE'],
    [200, '[{"id":1}]', 'MALFORMED_RESPONSE'],
    [200, '', 'MALFORMED_RESPONSE'],
  ])('a response of %i with %j', async (status, text, code) => {
    world.double.answerNext({ status, text });
    const error = await admin()
      .channels.list()
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InsforgeApiError);
    expect(error).toMatchObject({ status, code, ...(code === 'INVALID_INPUT' && { nextActions: 'Use at most 1000' }) });
  });

  test('idempotent calls are tried three times, other calls once', async () => {
    const busy = { status: 503, text: 'busy' };
    world.double.answerNext(busy, busy);
    expect(await admin().channels.list()).toHaveLength(2);
    world.double.answerNext(busy, busy, busy);
    await expect(admin().channels.list()).rejects.toMatchObject({ status: 503 });
    world.double.answerNext(busy);
    await expect(admin().channels.create({ pattern: 'once' })).rejects.toMatchObject({ status: 503 });
    expect(world.double.definitions.map(({ pattern }) => pattern)).not.toContain('once');
  });

  test('an unreachable server and invalid options are rejected', async () => {
    const { channels } = admin({ baseUrl: 'http://127.0.0.1:1' });
    await expect(channels.list()).rejects.toMatchObject({ name: 'InsforgeApiError', status: 0, code: 'UNREACHABLE' });
    expect(() => createInsforgeAdmin({ baseUrl: 'x', apiKey })).toThrow(TypeError);
    expect(() => createInsforgeAdmin({ baseUrl: 'http://x' })).toThrow(TypeError);
  });
});

describe('webhooks', () => {
  test('a delivery is parsed as it was published', async () => {
    const got: unknown[] = [];
    const receiver = createServer((request, response) => {
      let text = '';
      request.on('data', (chunk) => (text += String(chunk)));
      request.on('end', () => {
        got.push(parseInsforgeWebhook(request.headers, text));
        response.end();
      });
    });
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    world.double.define('hooked', { webhookUrls: [`http://127.0.0.1:${(receiver.address() as AddressInfo).port}/secret`] });
    const room = world.user('ana').channel('hooked', { ack: 'echo' });
    await room.join();
    await room.publish('said', { text: 'hello', meta: 'mine' });
    await room.publish('said', [1]);
    await until(() => got.length, 2);
    await until(() => world.double.messages.map(({ whDeliveredCount }) => whDeliveredCount), [1, 1]);
    receiver.close();
    const messageIds = world.double.messages.map(({ id }) => id);
    expect(got).toEqual(
      expect.arrayContaining([
        { event: 'said', channel: 'hooked', messageId: messageIds[0], payload: { text: 'hello', meta: 'mine' } },
        { event: 'said', channel: 'hooked', messageId: messageIds[1], payload: [1] },
      ]),
    );
  });

  const headers = { 'X-InsForge-Event': 'said', 'X-INSFORGE-CHANNEL': 'chat:1', 'x-insforge-message-id': 'm' };
  test.each([
    ['headers of fetch, bytes', new Headers(headers), new TextEncoder().encode('{"a":1}'), { a: 1 }],
    ['a parsed body', headers, { a: 1 }, { a: 1 }],
    ["another client's own meta", headers, '{"meta":1}', { meta: 1 }],
  ])('%s', (_name, given, body, payload) => {
    expect(parseInsforgeWebhook(given, body)).toEqual({ event: 'said', channel: 'chat:1', messageId: 'm', payload });
  });

  test.each([
    [{}, '{}', /x-insforge-event/],
    [{ ...headers, 'x-insforge-message-id': '' }, '{}', /x-insforge-message-id/],
    [headers, 'no json', /JSON/],
  ])('%o with %j is rejected', (given, body, message) => {
    expect(() => parseInsforgeWebhook(given, body)).toThrow(message);
  });
});
