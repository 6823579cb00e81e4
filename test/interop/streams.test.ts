// Streams between the official client and ours, each way, at our server: what one writes the other reads, to the end.

import { WebSocket } from 'ws';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { init } from '../../src/index.ts';
import { createServer, type TriplaneServer } from '../../src/server/index.ts';
import { openCore } from './official-client.ts';
import { onEachStorage } from '../support/storages.ts';

interface WithStreams {
  queryOnce(query: object): Promise<{ data: { $streams?: readonly unknown[] } }>;
  readonly streams: {
    createWriteStream(opts: { clientId: string }): WritableStream<string>;
    createReadStream(opts: { clientId: string }): ReadableStream<string>;
  };
}

let server: TriplaneServer;
let closing: (() => void)[];

onEachStorage((fresh) => {
  beforeEach(async () => {
    server = await createServer({ storage: await fresh() });
    closing = [];
  });

  afterEach(async () => {
    for (const close of closing) close();
    await server.close();
  });

  function where() {
    const { appId, apiURI, websocketURI, adminToken } = server;
    return { appId, apiURI, websocketURI, adminToken };
  }

  function theirs(): WithStreams {
    const db = openCore(where());
    closing.push(() => db.shutdown());
    return db as unknown as WithStreams;
  }

  function ours(): WithStreams {
    const { adminToken, ...rest } = where();
    const db = init({ ...rest, __adminToken: adminToken, webSocket: (url: string) => new WebSocket(url) } as never);
    closing.push(() => db.shutdown());
    return db;
  }

  async function readAll(stream: ReadableStream<string>): Promise<string> {
    let text = '';
    const reader = stream.getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) text += part.value;
    return text;
  }

  const story = Array.from({ length: 50 }, (_, n) => `${n} – zwölf Boxkämpfer 🥊\n`);

  test.each<[string, () => WithStreams, () => WithStreams]>([
    ['official to official', theirs, theirs],
    ['official to ours', theirs, ours],
    ['ours to official', ours, theirs],
    ['ours to ours', ours, ours],
  ])(
    '%s',
    async (_what, writes, reads) => {
      const [one, other] = [writes(), reads()];
      const writer = one.streams.createWriteStream({ clientId: 'story' }).getWriter();
      await writer.write(story[0] ?? '');
      const found = { $streams: { $: { where: { clientId: 'story' } } } };
      await expect.poll(async () => (await one.queryOnce(found)).data.$streams?.length).toBe(1);
      const read = readAll(other.streams.createReadStream({ clientId: 'story' }));
      for (const part of story.slice(1)) await writer.write(part);
      await writer.close();
      expect(await read).toBe(story.join(''));
    },
    15_000,
  );
});
