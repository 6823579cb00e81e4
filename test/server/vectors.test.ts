// Every server vector at a server that runs: the fixture is in its storage, the question goes over a socket, and what comes back is
// what the vector says. On each storage.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { Attrs } from '../../src/db/attrs.ts';
import { Store } from '../../src/db/store.ts';
import { readResult, type WireNode, type WirePageInfo } from '../../src/protocol/query-result.ts';
import type { Triple } from '../../src/protocol/triple.ts';
import { compile } from '../../src/query/compile.ts';
import type { Query, QueryResult } from '../../src/query/query.ts';
import { evaluate } from '../../src/query/live-result.ts';
import { createServer, type TriplaneServer } from '../../src/server/index.ts';
import { type Message, RawClient } from '../support/cli.ts';
import { onEachStorage } from '../support/storages.ts';
import { type Fixture, plain, readVectors } from '../support/vectors.ts';
import { appId } from './bench.ts';

interface Vector {
  readonly id: string;
  readonly title: string;
  readonly query: Query;
  readonly triples: readonly Triple[];
  readonly 'page-info'?: Readonly<Record<string, WirePageInfo>>;
  readonly aggregate?: Readonly<Record<string, unknown>>;
  readonly expected: QueryResult;
}

const { fixtures, vectors } = readVectors<{ fixtures: { festival: Fixture }; vectors: readonly Vector[] }>('server');
const { attrs, triples } = fixtures.festival;
const text = (list: Iterable<Triple>): string[] => [...list].map((triple) => JSON.stringify(triple)).sort();

onEachStorage((fresh) => {
  let server: TriplaneServer;
  let client: RawClient;

  beforeAll(async () => {
    const storage = await fresh();
    const changes = triples.map((triple) => ({ action: 'added' as const, triple }));
    await (await storage.open(appId)).append([{ txId: 1, at: 10_000, attrs: { put: attrs, deleted: [] }, changes }]);
    server = await createServer({ storage, appId });
    client = await RawClient.open(server);
  });

  afterAll(async () => {
    client.close();
    await server.close();
  });

  const subscribe = (message: Message): Promise<Message> =>
    client.request({ ...message, 'client-event-id': message.op + JSON.stringify(message['q']) });

  test.each(vectors.map((vector) => [vector.id, vector.title, vector] as const))('%s: %s', async (_id, _title, vector) => {
    const result = await subscribe({ op: 'add-query', q: vector.query });
    expect(result).toMatchObject({ op: 'add-query-ok', q: vector.query, 'processed-tx-id': expect.any(Number) });
    const wire = result['result'] as WireNode[];
    expect(wire[0]?.data['page-info']).toEqual(vector['page-info']);
    expect(wire[0]?.data.aggregate).toEqual(vector.aggregate);
    const received = readResult(wire);
    expect(text(received.triples)).toEqual(text(vector.triples));
    const known = Attrs.from(attrs);
    const seen = new Store(known);
    seen.load(received.triples);
    expect(plain(evaluate(compile(vector.query, known), seen, received))).toEqual(plain(vector.expected));
    expect((await subscribe({ op: 'remove-query', q: vector.query })).op).toBe('remove-query-ok');
  });
});
