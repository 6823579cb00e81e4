// A client evaluates each recorded query over the triples that the server sends it, and shows what the server shows in a tree.

import { describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { Attrs } from '../../src/db/attrs.ts';
import { Store } from '../../src/db/store.ts';
import { isObject } from '../../src/lib/json.ts';
import type { WireAttr } from '../../src/protocol/attr.ts';
import { readResult, type WireResult } from '../../src/protocol/query-result.ts';
import { compile } from '../../src/query/compile.ts';
import { evaluate } from '../../src/query/live-result.ts';
import { memory } from '../../src/server/storage/memory.ts';
import { type AppUnderTest, startApp } from './app-under-test.ts';
import { Placeholders } from './placeholders.ts';
import { Player } from './player.ts';
import { readTranscripts, recordedFiles, type Step } from './transcript.ts';

type Json = Readonly<Record<string, unknown>>;

/** One socket that asks. */
class Asker {
  readonly #socket: WebSocket;
  #asked = 0;
  #attrs: readonly WireAttr[] = [];
  readonly #waiting = new Map<string, (message: Json) => void>();

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data: Buffer) => {
      for (const message of [JSON.parse(String(data))].flat() as Json[]) {
        if (Array.isArray(message['attrs'])) this.#attrs = message['attrs'] as WireAttr[];
        this.#waiting.get(String(message['client-event-id']))?.(message);
      }
    });
  }

  get attrs(): readonly WireAttr[] {
    return this.#attrs;
  }

  /** @param as `admin`, `guest`, or the address of a user who exists */
  static async open({ ws, http, id, adminToken }: AppUnderTest, as: string): Promise<Asker> {
    const socket = new WebSocket(`${ws}?app_id=${id}`);
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    const asker = new Asker(socket);
    const credentials = async (): Promise<Json> => {
      if (as === 'admin' || as === 'guest') return as === 'admin' ? { '__admin-token': adminToken } : {};
      const headers = { 'content-type': 'application/json', 'app-id': id, authorization: `Bearer ${adminToken}` };
      const made = await fetch(`${http}/admin/refresh_tokens`, { method: 'POST', headers, body: JSON.stringify({ email: as }) });
      return { 'refresh-token': ((await made.json()) as { user: { refresh_token: string } }).user.refresh_token };
    };
    await asker.ask({ op: 'init', 'app-id': id, versions: {}, ...(await credentials()) });
    return asker;
  }

  ask(message: Json): Promise<Json> {
    const eventId = `ask-${++this.#asked}`;
    return new Promise((resolve) => {
      this.#waiting.set(eventId, resolve);
      this.#socket.send(JSON.stringify({ ...message, 'client-event-id': eventId }));
    });
  }

  async answer(q: Json, returnType: string): Promise<Json> {
    const answer = await this.ask({ op: 'add-query', q, 'return-type': returnType });
    await this.ask({ op: 'remove-query', q });
    return answer;
  }

  /** What a client shows of the triples. */
  evaluated(q: Json, result: WireResult): Json {
    const attrs = Attrs.from(this.#attrs);
    const store = new Store(attrs);
    const read = readResult(result);
    store.load(read.triples);
    return evaluate(compile(q, attrs), store, read).data;
  }

  /** The tree as a client would show it: without the ids of links that were not asked for, and with an empty list for no link. */
  shown(tree: unknown, q: Json): Json {
    const attrs = Attrs.from(this.#attrs);
    const rows = (list: unknown, etype: string, node: Json): unknown =>
      ((list ?? []) as Json[]).map((row) => {
        const { forward, reverse } = attrs.namespace(etype);
        const labels = Object.keys(node).filter((label) => label !== '$');
        const values = Object.entries(row).filter(([label]) => !labels.includes(label) && !forward.get(label)?.isRef);
        const nested = labels.map((label) => {
          const end = forward.get(label)?.reverseEtype ?? reverse.get(label)?.etype ?? '';
          return [label, rows(row[label], end, asObject(node[label]))] as const;
        });
        return Object.fromEntries([...values, ...nested]);
      });
    const asked = Object.entries(q).filter(
      ([key, node]) => key !== '$$ruleParams' && asObject(asObject(node)['$'])['aggregate'] !== 'count',
    );
    return Object.fromEntries(asked.map(([key, node]) => [key, rows(asObject(tree)[key], key, asObject(node))]));
  }

  close(): void {
    this.#socket.terminate();
  }
}

const asObject = (value: unknown): Json => (isObject(value) ? value : {});

function queryOf({ http, as, body, answer, headers }: Step): Json | undefined {
  const isAnswered = answer?.status === 200 && http === 'POST /admin/query' && !headers;
  const isKnown = as === 'admin' || as === 'guest' || as?.includes('@');
  return isAnswered && isKnown && isObject(body) && isObject(body['query']) ? body['query'] : undefined;
}

for (const file of recordedFiles('queries')) {
  describe(`queries/${file}`, () => {
    for (const transcript of readTranscripts('queries', file)) {
      test(transcript.title, { timeout: 120_000 }, async () => {
        const app = await startApp(memory(), transcript);
        const names = new Placeholders(app);
        const player = new Player(app);
        const askers = new Map([['admin', await Asker.open(app, 'admin')]]);
        const differing: unknown[] = [];
        await player.start();
        names.learnAttrs(askers.get('admin')?.attrs ?? []);
        for (const step of transcript.steps) {
          const q = queryOf(step);
          if (!q) {
            await player.play(step);
            continue;
          }
          const as = step.as ?? 'guest';
          const asker = askers.get(as) ?? (await Asker.open(app, as));
          askers.set(as, asker);
          const filled = names.fill(q) as Json;
          const [triples, tree] = [await asker.answer(filled, 'join-rows'), await asker.answer(filled, 'tree')];
          if (triples['op'] !== 'add-query-ok') continue;
          const shown = asker.shown(tree['result'], filled);
          const evaluated = asker.evaluated(filled, triples['result'] as WireResult);
          if (JSON.stringify(sorted(shown)) !== JSON.stringify(sorted(evaluated))) differing.push({ q, shown, evaluated });
        }
        player.end();
        askers.forEach((asker) => asker.close());
        await app.close();
        expect(differing).toEqual([]);
      });
    }
  });
}

/** With the keys of objects in one order; lists stay as they are. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, item]) => [key, sorted(item)] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}
