// A server that is killed at any moment loses nothing it has acknowledged, and does nothing twice.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { afterAll, expect, test } from 'vitest';
import { RawClient, type Running, startCli } from '../../support/cli.ts';
import { blob } from '../bench.ts';

const folder = mkdtempSync(join(tmpdir(), 'triplane-kill-'));
const idAttr = blob('goals', 'id');
const title = blob('goals', 'title');
const running: Running[] = [];

afterAll(async () => {
  await Promise.all(running.map((server) => server.end('SIGKILL')));
  rmSync(folder, { recursive: true, force: true });
});

async function start(...more: readonly string[]): Promise<Running> {
  const server = await startCli(['--data', folder, ...more]);
  running.push(server);
  return server;
}

/** A write and what became of it, as far as its author knows. */
interface Written {
  readonly eventId: string;
  readonly goal: string;
  isAcknowledged: boolean;
}

const stepsOf = ({ goal, eventId }: Written): unknown[] => [
  ['add-triple', goal, idAttr.id, goal],
  ['add-triple', goal, title.id, eventId],
];

async function write(client: RawClient, written: Written): Promise<void> {
  const result = await client.request({ op: 'transact', 'client-event-id': written.eventId, 'tx-steps': stepsOf(written) });
  expect(result).toMatchObject({ op: 'transact-ok' });
  written.isAcknowledged = true;
}

/** Writes without end, some of them at once, until the line ends. */
async function writeOn(client: RawClient, all: Written[]): Promise<void> {
  try {
    for (;;) {
      const some = Array.from({ length: 5 }, () => ({ eventId: randomUUID(), goal: randomUUID(), isAcknowledged: false }));
      all.push(...some);
      await Promise.all(some.map((each) => write(client, each)));
    }
  } catch {
    // The server was killed.
  }
}

async function goalsOf(server: Running): Promise<Map<string, string>> {
  const client = await RawClient.open(server);
  const { result } = await client.request({ op: 'add-query', 'client-event-id': 'all', q: { goals: {} }, 'return-type': 'tree' });
  client.close();
  const { goals } = result as { goals: { id: string; title: string }[] };
  return new Map(goals.map((goal) => [goal.id, goal.title]));
}

test('acknowledged writes survive kill -9, and a repeated write is applied once', { timeout: 120_000 }, async () => {
  const all: Written[] = [];
  let isFirst = true;
  for (let round = 0; round < 6; round++) {
    const server = await start();
    const clients = await Promise.all([RawClient.open(server), RawClient.open(server), RawClient.open(server)]);
    const [first] = clients;
    const attrs = [
      ['add-attr', idAttr],
      ['add-attr', title],
    ];
    if (isFirst) await first?.request({ op: 'transact', 'client-event-id': randomUUID(), 'tx-steps': attrs });
    isFirst = false;
    const writing = clients.map((client) => writeOn(client, all));
    await new Promise((resolve) => setTimeout(resolve, 50 + Math.random() * 400));
    await server.end('SIGKILL');
    await Promise.all(writing);
  }
  const server = await start();
  const found = await goalsOf(server);
  const lost = all.filter(({ isAcknowledged, goal, eventId }) => isAcknowledged && found.get(goal) !== eventId);
  expect(lost).toEqual([]);
  expect(all.filter(({ isAcknowledged }) => isAcknowledged).length).toBeGreaterThan(50);
  // Whoever had no answer says it again, and it is done once.
  const client = await RawClient.open(server);
  for (const written of all.slice(-30)) await write(client, written);
  const after = await goalsOf(server);
  expect(after.size).toBe(new Set([...found.keys(), ...all.slice(-30).map(({ goal }) => goal)]).size);
  client.close();
  expect(await server.end('SIGTERM')).toBe(0);
});

test('the app and the admin token are the same at each start; a second server on the folder is rejected', { timeout: 60_000 }, async () => {
  const [first] = running;
  const server = await start();
  expect([server.appId, server.adminToken]).toEqual([first?.appId, first?.adminToken]);
  await expect(start()).rejects.toThrow('another server uses it');
  expect((await goalsOf(server)).size).toBeGreaterThan(0);
  expect(await server.end('SIGINT')).toBe(0);
  expect(server.sent()).toBe('');
});
