// Clients of event streams that go away while answers to them wait for their turn.

import { afterEach, beforeEach, expect, test } from 'vitest';
import { silent } from '../../../src/lib/log.ts';
import { httpRoutes } from '../../../src/server/http/routes.ts';
import { defaultLimits } from '../../../src/server/limits.ts';
import { appId, bench } from '../bench.ts';

const thrown: unknown[] = [];
const note = (error: unknown): void => void thrown.push(error);
beforeEach(() => void process.prependListener('uncaughtException', note));
afterEach(() => void process.off('uncaughtException', note));

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('nothing is thrown when their turn comes', async () => {
  const { hub, clock } = bench();
  const routes = httpRoutes({ hub, clock, log: silent, limits: defaultLimits });
  const path = `/runtime/sse?app_id=${appId}`;
  const others = Array.from({ length: 300 }, (_, n) => ({ op: 'leave-room', 'room-id': `r${n}`, 'client-event-id': `e${n}` }));
  for (let turns = 0; turns < 12; turns++) {
    const reader = (await routes.request(path)).body?.getReader();
    const first = Buffer.from((await reader?.read())?.value ?? []).toString();
    const key = JSON.parse(first.slice('data:'.length)) as Record<string, string>;
    const about = { machine_id: key['machine-id'], session_id: key['session-id'], sse_token: key['sse-token'] };
    const body = JSON.stringify({ ...about, messages: [{ op: 'init', 'app-id': appId, 'client-event-id': 'i' }, ...others] });
    const pushed = routes.request(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    for (let n = 0; n < turns; n++) await turn();
    await reader?.cancel();
    expect((await pushed).status).toBeOneOf([200, 400]);
    for (let n = 0; n < 5; n++) await turn();
  }
  expect(thrown).toEqual([]);
  await hub.close();
});
