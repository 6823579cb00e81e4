// Who asks by HTTP and goes away costs the server nothing more.

import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { silent } from '../../../src/lib/log.ts';
import { httpRoutes } from '../../../src/server/http/routes.ts';
import { defaultLimits } from '../../../src/server/limits.ts';
import { adminToken, appId, bench, blob, newId } from '../bench.ts';

const goalsId = blob('goals', 'id');
const title = blob('goals', 'title', { 'index?': true, 'checked-data-type': 'string' });

class Connection extends EventEmitter {
  readonly destroyed = false;
}

async function world() {
  const { hub, clock, open } = bench();
  const writer = await open();
  const rows = Array.from({ length: 2000 }, newId).flatMap((id) => [
    ['add-triple', id, goalsId.id, id],
    ['add-triple', id, title.id, 'a'],
  ]);
  writer.send({ op: 'transact', 'tx-steps': [['add-attr', goalsId], ['add-attr', title], ...rows] });
  while (writer.take('transact-ok').length === 0) await new Promise((next) => setImmediate(next));
  const routes = httpRoutes({ hub, clock, log: silent, limits: defaultLimits });
  const patterns = Array.from({ length: 500 }, (_, n) => ({ title: { $like: `%b${n}%` } }));
  const query = { goals: { $: { where: { or: patterns } } } };
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${adminToken}`, 'app-id': appId };
  const ask = (path: string, outgoing: Connection): Promise<Response> =>
    Promise.resolve(routes.request(path, { method: 'POST', headers, body: JSON.stringify({ query, 'app-id': appId }) }, { outgoing }));
  return { hub, ask };
}

test.each(['/admin/query', '/runtime/framework/query'])('%s ends when its client is gone', async (path) => {
  const { hub, ask } = await world();
  const { reader } = await hub.app(appId);
  let [ended, isCounted] = [0, false];
  const evaluate = reader.evaluate.bind(reader);
  // Whether its steps go on after it.
  reader.evaluate = (owner, steps, left) =>
    evaluate(
      owner,
      function* (db) {
        const running = steps(db);
        for (;;) {
          const { done, value } = running.next();
          if (done) return value;
          if (isCounted) ended++;
          yield;
        }
      },
      left,
    );
  const connection = new Connection();
  const asked = ask(path, connection);
  while (connection.listenerCount('close') === 0) await new Promise((next) => setImmediate(next));
  await new Promise((next) => setImmediate(next));
  connection.emit('close');
  isCounted = true;
  expect((await asked).status).toBe(429);
  for (let turn = 0; turn < 10; turn++) await new Promise((next) => setImmediate(next));
  expect(ended).toBe(0);
});

test('a client that stays is answered', async () => {
  const { ask } = await world();
  const connection = new Connection();
  expect((await ask('/admin/query', connection)).status).toBe(200);
});
