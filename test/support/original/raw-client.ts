// A session of the items app, spoken frame by frame.

import type { WireAttr } from '../../../src/protocol/attr.ts';
import type { Step } from '../../../src/protocol/transact-messages.ts';
import { systemRandom } from '../../../src/lib/random.ts';
import type { Row } from './clients.ts';
import type { Connect } from './double.ts';

export class RawClient {
  readonly #session: ReturnType<Connect>;
  readonly #appId: string;
  readonly #waiting = new Map<string, (message: Record<string, unknown>) => void>();
  /** By label. */
  readonly attrs: Readonly<Record<string, WireAttr>>;

  constructor(connect: Connect, appId: string) {
    this.#appId = appId;
    this.attrs = Object.fromEntries(['id', 'title', 'code', 'note'].map((label) => [label, attr(label)]));
    this.#session = connect({ send: (frame) => this.#receive(frame), close: () => {} });
  }

  open(): Promise<unknown> {
    return this.ask({ op: 'init', 'app-id': this.#appId, '__admin-token': 'admin', versions: {} });
  }

  attrSteps(): Step[] {
    const taken = systemRandom.uuid();
    return [
      ...Object.values(this.attrs).map((each): Step => ['add-attr', each]),
      ...this.set(taken, { id: taken, title: 'taken', code: 'taken' }),
    ];
  }

  set(row: string, fields: Readonly<Record<string, string>>): Step[] {
    return Object.entries(fields).map(([label, value]) => ['add-triple', row, this.attrs[label]?.id ?? '', value]);
  }

  transact(steps: readonly Step[], eventId?: string): Promise<Record<string, unknown>> {
    return this.ask({ op: 'transact', 'tx-steps': steps }, eventId);
  }

  async rows(): Promise<readonly Row[]> {
    await this.ask({ op: 'remove-query', q: { items: {} } });
    const message = await this.ask({ op: 'add-query', q: { items: {} } });
    const triples = JSON.stringify(message['result']);
    const rows = new Map<string, Record<string, unknown>>();
    const labels = new Map(Object.entries(this.attrs).map(([label, { id }]) => [id, label]));
    const nodes = JSON.parse(triples) as readonly { data: { 'datalog-result': { 'join-rows': [string, string, unknown][][] } } }[];
    for (const [e, a, v] of nodes.flatMap(({ data }) => data['datalog-result']['join-rows'].flat())) {
      const row = rows.get(e) ?? {};
      rows.set(e, row);
      const label = labels.get(a);
      if (label) row[label] = v;
    }
    return [...rows.values()] as Row[];
  }

  close(): void {
    this.#session.end();
  }

  /** The answer to a message. */
  ask(message: Record<string, unknown>, eventId: string = systemRandom.eventId()): Promise<Record<string, unknown>> {
    return new Promise((resolve) => {
      this.#waiting.set(eventId, resolve);
      this.#session.receive(JSON.stringify({ ...message, 'client-event-id': eventId }));
    });
  }

  #receive(frame: string): void {
    for (const message of messagesIn(frame)) this.#settle(message);
  }

  #settle(message: Record<string, unknown>): void {
    const eventId = String(message['client-event-id']);
    this.#waiting.get(eventId)?.(message);
    this.#waiting.delete(eventId);
  }
}

function attr(label: string): WireAttr {
  const isUnique = label === 'id' || label === 'code';
  return {
    id: systemRandom.uuid(),
    'forward-identity': [systemRandom.uuid(), 'items', label],
    'value-type': 'blob',
    cardinality: 'one',
    'unique?': isUnique,
    'index?': isUnique,
  };
}

export function messagesIn(frame: string): readonly Record<string, unknown>[] {
  const parsed = JSON.parse(frame) as Record<string, unknown> | readonly Record<string, unknown>[];
  return Array.isArray(parsed) ? parsed : [parsed as Record<string, unknown>];
}
