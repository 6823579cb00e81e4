// Three clients at one server: the official one, ours, and ours as it would be if it did not ask for differences. All see the
// same after every write, whichever form they are told it in.

import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { id, init } from '../../src/index.ts';
import type { ServerMessage } from '../../src/protocol/server-message.ts';
import { createServer, type TriplaneServer } from '../../src/server/index.ts';
import { official } from './official-client.ts';
import { onEachStorage } from '../support/storages.ts';
import { eventually } from '../support/eventually.ts';

interface Seen {
  readonly name: string;
  /** By what each query was answered last. */
  readonly data: unknown[];
  /** Which forms its refreshes had. */
  readonly forms: Set<string>;
  readonly close: () => void;
}

const queries = [
  { goals: { todos: {} } },
  { goals: { $: { where: { title: 'Sing' } } } },
  { goals: { $: { order: { serverCreatedAt: 'desc' }, limit: 2 } } },
  { todos: { $: { where: { 'goals.title': 'Sing' } } } },
] as const;

let server: TriplaneServer;
let all: Seen[];

onEachStorage((fresh) => {
  beforeEach(async () => {
    server = await createServer({ storage: await fresh() });
  });

  afterEach(async () => {
    for (const { close } of all) close();
    await server.close();
  });

  /** Our client on a socket that is listened in to. */
  function ours(name: string, asksForDeltas: boolean) {
    const forms = new Set<string>();
    const webSocket = (url: string): WebSocket => {
      const socket = new WebSocket(url);
      const send = socket.send.bind(socket);
      const strip = (text: string): string =>
        JSON.stringify(JSON.parse(text, (key, value: unknown) => (key === 'triplane' ? undefined : value)));
      if (!asksForDeltas) socket.send = (frame: unknown) => send(strip(String(frame)));
      socket.on('message', (data: Buffer) => {
        for (const message of [JSON.parse(data.toString())].flat() as ServerMessage[]) {
          if (message.op !== 'refresh-ok') continue;
          if (message.computations.length > 0) forms.add('whole');
          if (message.deltas) forms.add('delta');
        }
      });
      return socket;
    };
    const { appId, apiURI, websocketURI } = server;
    const db = init({ appId, apiURI, websocketURI, webSocket });
    const seen: Seen = { name, data: [], forms, close: () => db.shutdown() };
    queries.forEach((query, at) => db.subscribeQuery(query as never, (result: { data?: unknown }) => (seen.data[at] = result.data)));
    return { db, seen };
  }

  function theirs(): Seen {
    const { appId, apiURI, websocketURI } = server;
    const client = official('the third').open({ appId, apiURI, websocketURI });
    const seen: Seen = { name: 'official', data: [], forms: new Set(), close: () => client.close() };
    queries.forEach((query, at) => client.subscribe(query, (result) => (seen.data[at] = result.data)));
    return seen;
  }

  test('all clients see the same results, and each receives the form that it accepts', async () => {
    const { db, seen: taker } = ours('ours', true);
    const { seen: decliner } = ours('ours, without', false);
    all = [taker, decliner, theirs()];
    const same = async (check: (data: readonly unknown[]) => void): Promise<void> =>
      eventually(() => {
        for (const { data } of all) {
          expect(data).toHaveLength(queries.length);
          check(data);
        }
        expect(decliner.data).toEqual(taker.data);
        expect(all[2]?.data).toEqual(taker.data);
      });
    const [goal, other, todo] = [id(), id(), id()];
    const tx = db.tx as never as Record<
      string,
      Record<string, { update: (values: object) => { link: (links: object) => never }; delete: () => never }>
    >;
    const write = (etype: string, entity: string, values: object) => tx[etype]![entity]!.update(values);
    await same(() => {});
    await db.transact(write('goals', goal, { title: 'Sing' }) as never);
    await same((data) => expect(data[1]).toMatchObject({ goals: [{ id: goal, title: 'Sing' }] }));
    await db.transact(write('todos', todo, { text: 'scales' }).link({ goals: goal }));
    await db.transact(write('goals', other, { title: 'Row' }) as never);
    await same((data) => expect(data[3]).toMatchObject({ todos: [{ id: todo, text: 'scales' }] }));
    for (let n = 0; n < 20; n++) {
      await db.transact(write('goals', n % 3 === 0 ? other : goal, { title: ['Sing', 'Swim', 'Row'][n % 3] }) as never);
      if (n % 5 === 0) await db.transact(write('goals', id(), { title: 'Sing', n }) as never);
      if (n % 4 === 0) await same(() => {});
    }
    await db.transact(tx['goals']![goal]!.delete());
    await same((data) => expect(data[3]).toMatchObject({ todos: [] }));
    expect([...taker.forms]).toContain('delta');
    expect([...decliner.forms]).toEqual(['whole']);
  });
});
