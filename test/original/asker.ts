// A session that asks a query as triples and as a tree, and shows the triples as a client does.

import { WebSocket } from 'ws';
import { Attrs } from '../../src/db/attrs.ts';
import { Store } from '../../src/db/store.ts';
import { isObject } from '../../src/lib/json.ts';
import type { WireAttr } from '../../src/protocol/attr.ts';
import { readResult, type WireResult } from '../../src/protocol/query-result.ts';
import { compile } from '../../src/query/compile.ts';
import { evaluate } from '../../src/query/live-result.ts';
import type { AppUnderTest } from './app-under-test.ts';

export type Json = Readonly<Record<string, unknown>>;

/** One socket that asks. */
export class Asker {
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

  /** @param credentials the fields of `init` that say who asks */
  static async open({ ws, id }: AppUnderTest, credentials: Json): Promise<Asker> {
    const socket = new WebSocket(`${ws}?app_id=${id}`);
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    const asker = new Asker(socket);
    await asker.ask({ op: 'init', 'app-id': id, versions: {}, ...credentials });
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

export const asObject = (value: unknown): Json => (isObject(value) ? value : {});
