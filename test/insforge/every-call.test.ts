// Each call of the management API: its request passes the double's schemas, and every answer that is not the API's is an InsforgeApiError.

import { describe, expect, test } from 'vitest';

import { createInsforgeAdmin, InsforgeApiError, type InsforgeAdmin } from '../../src/insforge/index.ts';
import { methodNames, misshapen, unreadable, untyped } from '../support/bad-answers.ts';
import { apiKey, type InsforgeDouble } from './double.ts';
import { insforgeWorld } from './world.ts';

const world = insforgeWorld();
const admin = (): InsforgeAdmin => createInsforgeAdmin({ baseUrl: world.double.url, apiKey, retryDelayMs: 1 });

interface Call {
  readonly request: string;
  /** Resolves without reading the answer. */
  readonly isVoid?: boolean;
  readonly run: (api: InsforgeAdmin, double: InsforgeDouble) => Promise<unknown>;
}

const idOf = (double: InsforgeDouble): string => double.definitions[0]?.id ?? '';
const hook = ['https://example.com/hook'];

const calls: Readonly<Record<string, Call>> = {
  'channels.list': { request: 'GET /api/realtime/channels', run: ({ channels }) => channels.list() },
  'channels.get': { request: 'GET /api/realtime/channels/:id', run: ({ channels }, double) => channels.get(idOf(double)) },
  'channels.create': {
    request: 'POST /api/realtime/channels',
    run: ({ channels }) => channels.create({ pattern: 'order:%', description: 'Orders', webhookUrls: hook, enabled: false }),
  },
  'channels.update': {
    request: 'PUT /api/realtime/channels/:id',
    run: ({ channels }, double) => channels.update(idOf(double), { description: '', webhookUrls: hook }),
  },
  'channels.delete': {
    request: 'DELETE /api/realtime/channels/:id',
    isVoid: true,
    run: ({ channels }, double) => channels.delete(idOf(double)),
  },
  'messages.list': {
    request: 'GET /api/realtime/messages?channelId&eventName&limit&offset',
    run: ({ messages }, double) => messages.list({ channelId: idOf(double), eventName: 'said', limit: 5, offset: 1 }),
  },
  'messages.pages': {
    request: 'GET /api/realtime/messages?limit&offset',
    run: async ({ messages }) => {
      for await (const message of messages.pages({ limit: 5 })) return message;
      return undefined;
    },
  },
  'messages.stats': {
    request: 'GET /api/realtime/messages/stats?channelId&since',
    run: ({ messages }, double) => messages.stats({ channelId: idOf(double), since: new Date(0) }),
  },
  'messages.clear': { request: 'DELETE /api/realtime/messages', run: ({ messages }) => messages.clear() },
  'permissions.get': { request: 'GET /api/realtime/permissions', run: ({ permissions }) => permissions.get() },
  'config.get': { request: 'GET /api/realtime/config', run: ({ config }) => config.get() },
  'config.update': {
    request: 'PATCH /api/realtime/config',
    isVoid: true,
    run: ({ config }) => config.update({ retentionDays: 30 }),
  },
  health: { request: 'GET /api/health', run: ({ health }) => health() },
};

test('the table lists every call', () => {
  expect(Object.keys(calls).sort()).toEqual(methodNames(admin()));
});

describe.each(Object.entries(calls))('%s', (_name, { request, isVoid = false, run }) => {
  test('sends a request that the schemas accept', async () => {
    await run(admin(), world.double);
    expect(world.double.requests.map(({ method, path }) => `${method} ${routeOf(path)}`)).toEqual([request]);
  });

  test('rejects malformed responses with a typed error', async () => {
    const answers = { ...unreadable, ...(isVoid ? {} : misshapen) };
    expect(await untyped(answers, InsforgeApiError, () => run(admin(), world.double), world.double)).toEqual({});
  });
});

/** With `:id` for ids, and the names of the query's parameters. */
function routeOf(path: string): string {
  const { pathname, searchParams } = new URL(path, 'http://double');
  const names = [...searchParams.keys()].sort().join('&');
  return pathname.replace(/[\da-f-]{36}/, ':id') + (names === '' ? '' : `?${names}`);
}
