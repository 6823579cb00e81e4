// The official `@instantdb/admin` follows live queries and streams over event streams: `subscribeQuery`, and `db.streams` used as
// the official adapter for resumable streams uses it.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { i, init } from '@instantdb/admin';
import { id } from '../../src/lib/uuid.ts';
import { createServer, type TriplaneServer } from '../../src/server/index.ts';
import { onEachStorage } from '../support/storages.ts';
import { eventually } from '../support/eventually.ts';

interface Payload {
  readonly type: 'ok' | 'error';
  readonly data?: Record<string, Record<string, unknown>[]>;
  readonly error?: { readonly status?: number; readonly body?: { readonly type?: string } };
  readonly isClosed?: boolean;
}

interface Subscription {
  close(): void;
  readonly isClosed: boolean;
}

interface Streams {
  createWriteStream(opts: { clientId: string }): WritableStream<string> & { streamId(): Promise<string> };
  createReadStream(opts: { clientId?: string; streamId?: string; byteOffset?: number }): ReadableStream<string>;
}

let server: TriplaneServer;
let subscriptions: Subscription[];

const schema = i.schema({
  entities: { todos: i.entity({ title: i.string(), n: i.number().optional() }), people: i.entity({ name: i.string() }) },
  links: { owner: { forward: { on: 'todos', has: 'one', label: 'owner' }, reverse: { on: 'people', has: 'many', label: 'todos' } } },
});

onEachStorage((fresh) => {
  beforeEach(async () => {
    subscriptions = [];
    server = await createServer({ storage: await fresh(), schema: schema as never });
  });
  afterEach(async () => {
    for (const subscription of subscriptions) subscription.close();
    await server.close();
  });

  const config = () => ({ appId: server.appId, adminToken: server.adminToken, apiURI: server.apiURI });
  const admin = () => init(config());
  const typed = () => init({ ...config(), schema });

  interface Subscriber {
    subscribeQuery(q: never, notified: (payload: never) => void): unknown;
  }

  function follow(db: unknown, q: object): { heard: Payload[]; subscription: Subscription } {
    const received: Payload[] = [];
    const subscription = (db as Subscriber).subscribeQuery(q as never, (payload: Payload) => received.push(payload)) as Subscription;
    subscriptions.push(subscription);
    return { heard: received, subscription };
  }

  const isReceived = (received: readonly Payload[], test: (payload: Payload) => boolean) =>
    eventually(() => expect(received.some(test)).toBe(true));

  describe('subscribeQuery', () => {
    test('receives the result, then every change of it and nothing else', async () => {
      const db = admin();
      const [one, other] = [id(), id()];
      await db.transact(db.tx.todos![one]!.update({ title: 'a' }));
      const { heard: received, subscription } = follow(db, { todos: { $: { where: { title: { $in: ['a', 'b'] } } } } });
      await isReceived(received, ({ data }) => data?.todos?.length === 1);
      await db.transact(db.tx.people![id()]!.update({ name: 'x' }));
      await db.transact(db.tx.todos![other]!.update({ title: 'b' }));
      await isReceived(received, ({ data }) => data?.todos?.length === 2);
      expect(received.map(({ type, data }) => [type, data?.todos?.length])).toEqual([
        ['ok', 1],
        ['ok', 2],
      ]);
      subscription.close();
      await db.transact(db.tx.todos![one]!.delete());
      await db.query({ todos: {} });
      expect(received).toHaveLength(2);
    });

    test('with a schema, has-one links are single objects, at the start and after a change', async () => {
      const [db, plain] = [typed(), admin()];
      const [todo, person] = [id(), id()];
      await db.transact([db.tx.people[person]!.update({ name: 'p' }), db.tx.todos[todo]!.update({ title: 'a' }).link({ owner: person })]);
      const one = follow(db, { todos: { owner: {} } });
      const list = follow(plain, { todos: { owner: {} } });
      await isReceived(one.heard, ({ data }) => (data?.todos?.[0]?.owner as { name?: string }).name === 'p');
      await isReceived(list.heard, ({ data }) => (data?.todos?.[0]?.owner as { name?: string }[])[0]?.name === 'p');
      await db.transact(db.tx.people[person]!.update({ name: 'q' }));
      await isReceived(one.heard, ({ data }) => (data?.todos?.[0]?.owner as { name?: string }).name === 'q');
      await isReceived(list.heard, ({ data }) => (data?.todos?.[0]?.owner as { name?: string }[])[0]?.name === 'q');
    });

    test('payloads include page info', async () => {
      const db = admin();
      await db.transact([1, 2, 3].map((n) => db.tx.todos![id()]!.update({ title: 'a', n })));
      const { heard: received } = follow(db, { todos: { $: { first: 2, order: { serverCreatedAt: 'asc' } } } });
      await isReceived(received, ({ data }) => data?.todos?.length === 2);
      expect(received[0]).toMatchObject({ pageInfo: { todos: { hasNextPage: true, hasPreviousPage: false } } });
    });

    test('rules apply to the user an admin acts as; a sign-out ends the subscription', async () => {
      const db = admin();
      const token = await db.auth.createToken({ email: 'a@example.com' });
      await rules({ todos: { allow: { view: 'auth.email == data.title' } } });
      await db.transact([db.tx.todos![id()]!.update({ title: 'a@example.com' }), db.tx.todos![id()]!.update({ title: 'b@example.com' })]);
      const [byToken, byEmail, guest] = [{ token }, { email: 'a@example.com' }, { guest: true }].map((who) =>
        follow(init({ ...config() }).asUser(who as { guest: true }), { todos: {} }),
      );
      await isReceived(byToken!.heard, ({ data }) => data?.todos?.length === 1);
      await isReceived(byEmail!.heard, ({ data }) => data?.todos?.length === 1);
      await isReceived(guest!.heard, ({ data }) => data?.todos?.length === 0);
      await db.auth.signOut({ refresh_token: token } as never);
      await isReceived(byToken!.heard, ({ type, error }) => type === 'error' && error?.body?.type === 'record-not-found');
      await eventually(() => expect(byToken!.subscription.isClosed).toBe(true));
    });

    test('a query that the server rejects is an error on an open stream', async () => {
      const db = init({ ...config(), disableValidation: true });
      const { heard: received } = follow(db, { todos: { $: { where: { n: { $foo: 1 } } } } });
      await isReceived(
        received,
        ({ type, error, isClosed }) => type === 'error' && error?.body?.type === 'validation-failed' && isClosed === false,
      );
    });

    test('a disabled app is reported on the stream; with a wrong token it never opens', async () => {
      await server.app(server.appId).setStatus('disabled');
      const { heard: received } = follow(admin(), { todos: {} });
      await isReceived(received, ({ error }) => error?.body?.type === 'app-disabled');
      const wrong = follow(init({ ...config(), adminToken: id() }), { todos: {} });
      await isReceived(wrong.heard, ({ type, isClosed }) => type === 'error' && isClosed === true);
    });

    async function rules(code: object): Promise<void> {
      const headers = { 'content-type': 'application/json', authorization: `Bearer ${server.adminToken}` };
      const result = await fetch(`${server.url}/dash/apps/${server.appId}/rules`, {
        method: 'POST',
        headers,
        body: JSON.stringify({ code }),
      });
      expect(result.status).toBe(200);
    }
  });

  describe('streams', () => {
    const streams = (): Streams => (admin() as unknown as { streams: Streams }).streams;

    async function readAll(stream: ReadableStream<string>): Promise<string> {
      let text = '';
      for await (const part of stream as unknown as AsyncIterable<string>) text += part;
      return text;
    }

    async function readUntil(reader: ReadableStreamDefaultReader<string>, length: number): Promise<string> {
      let text = '';
      while (text.length < length) {
        const { value, done } = await reader.read();
        if (done) break;
        text += value;
      }
      return text;
    }

    test('one client writes and reads a stream', async () => {
      const db = streams();
      const writing = db.createWriteStream({ clientId: 'one' });
      const streamId = await writing.streamId();
      const read = readAll(db.createReadStream({ streamId }));
      const writer = writing.getWriter();
      for (const part of ['1\n', '2\n', '3\n']) await writer.write(part);
      await writer.close();
      expect(await read).toBe('1\n2\n3\n');
    });

    test('a reader in another client receives each part as it is written, and a later reader receives all of it', async () => {
      const [db, other] = [streams(), streams()];
      const writing = db.createWriteStream({ clientId: 'live' });
      await writing.streamId();
      const writer = writing.getWriter();
      const reader = other.createReadStream({ clientId: 'live' }).getReader();
      await writer.write('1\n');
      expect(await readUntil(reader, 2)).toBe('1\n');
      await writer.write('2\n');
      expect(await readUntil(reader, 2)).toBe('2\n');
      await writer.close();
      expect((await reader.read()).done).toBe(true);
      expect(await readAll(streams().createReadStream({ clientId: 'live' }))).toBe('1\n2\n');
      expect(await readAll(streams().createReadStream({ clientId: 'live', byteOffset: 2 }))).toBe('2\n');
    });

    test('a second writer is rejected when the name is taken, and can read instead', async () => {
      const db = streams();
      const writing = db.createWriteStream({ clientId: 'taken' });
      await writing.streamId();
      const second = db.createWriteStream({ clientId: 'taken' });
      second.getWriter().closed.catch(() => {});
      await expect(second.streamId()).rejects.toThrow();
      const read = readAll(db.createReadStream({ clientId: 'taken' }));
      const writer = writing.getWriter();
      await writer.write('x');
      await writer.close();
      expect(await read).toBe('x');
    });

    test('two concurrent streams do not mix, and queries show which are done', async () => {
      const [db, query] = [streams(), admin()];
      const known = async (clientId: string): Promise<{ readonly $streams: { readonly done?: boolean }[] }> =>
        query.query<never>({ $streams: { $: { where: { clientId } } } } as never);
      expect((await known('a')).$streams).toEqual([]);
      const names = ['a', 'b'];
      const writers = await Promise.all(
        names.map(async (clientId) => {
          const writing = db.createWriteStream({ clientId });
          await writing.streamId();
          return writing.getWriter();
        }),
      );
      expect((await known('a')).$streams[0]?.done).toBeFalsy();
      const reads = names.map((clientId) => readAll(db.createReadStream({ clientId })));
      for (const [at, writer] of writers.entries()) await writer.write(`${names[at]}1`);
      for (const [at, writer] of writers.entries()) await writer.write(`${names[at]}2`);
      for (const writer of writers) await writer.close();
      expect(await Promise.all(reads)).toEqual(['a1a2', 'b1b2']);
      await eventually(async () => expect((await known('a')).$streams[0]?.done).toBe(true));
    });

    test('reading a stream that does not exist fails', async () => {
      await expect(readAll(streams().createReadStream({ clientId: 'none' }))).rejects.toThrow();
    });
  });
});
