// Pending writes against a scripted server: the recorded dialogues of the reference client.

import { describe, expect, it } from 'vitest';

import { listener, testClient, type TestClient } from '../support/client.ts';
import { settled } from '../../src/testing/virtual/clock.ts';
import { linkIndexOf } from '../support/links.ts';
import { type Fixture, plain, readVectors } from '../support/vectors.ts';
import { mendedDialogues } from '../vectors/mended.ts';
import type { ServerMessage } from '../../src/protocol/server-message.ts';
import type { Step } from '../../src/protocol/transact-messages.ts';
import { parseSchemaFromJSON } from '../../src/schema/schema.ts';
import type { WritePromise } from '../../src/reactor/mutations/write-promise.ts';

type Event =
  | { readonly server: ServerMessage & { readonly attrs?: unknown } }
  | { readonly subscribe: string; readonly query: Record<string, unknown> }
  | { readonly transact: string; readonly chunks: readonly unknown[] }
  | { readonly expect: Record<string, unknown>; readonly summary: unknown }
  | { readonly expectStatus: Record<string, string> }
  | { readonly expectPending: number }
  | { readonly expectSent: string; readonly steps: readonly unknown[] }
  | { readonly expectNotSent: string };

interface Vector {
  readonly id: string;
  readonly title: string;
  readonly config: { readonly schema: string | null; readonly useDateObjects: boolean };
  readonly events: readonly Event[];
}

const file = readVectors<{ fixtures: { attrs: Fixture['attrs'] }; schemas: Record<string, never>; vectors: Vector[] }>('optimistic');

class Play {
  readonly #client: TestClient;
  readonly #listeners = new Map<string, ReturnType<typeof listener>>();
  readonly #statuses = new Map<string, string>();
  readonly #eventIds = new Map<string, string>();

  constructor({ config }: Vector) {
    const schema = config.schema === null ? undefined : parseSchemaFromJSON(file.schemas[config.schema]);
    this.#client = testClient({ useDates: config.useDateObjects, ...(schema && { schema, links: linkIndexOf(schema.links) }) });
  }

  async run(event: Event): Promise<void> {
    if ('server' in event) await this.#client.receive(this.#message(event.server));
    else if ('subscribe' in event) this.#subscribe(event.subscribe, event.query);
    else if ('transact' in event) this.#transact(event.transact, event.chunks);
    await settled();
    if ('expect' in event) for (const [name, value] of Object.entries(event.expect)) this.#expectSeen(name, value);
    else if ('expectStatus' in event)
      for (const [name, status] of Object.entries(event.expectStatus)) expect(this.#statuses.get(name)).toBe(status);
    else if ('expectPending' in event) expect(this.#client.reactor.state.outbox.size).toBe(event.expectPending);
    else if ('expectSent' in event) expect(this.#sent(event.expectSent)).toEqual(event.steps);
    else if ('expectNotSent' in event) expect(this.#sent(event.expectNotSent)).toBeUndefined();
  }

  end(): void {
    this.#client.reactor.shutdown();
  }

  #message(message: ServerMessage & { readonly attrs?: unknown; readonly 'client-event-id'?: unknown }): ServerMessage {
    const id = message['client-event-id'];
    const eventId = typeof id === 'string' && id.startsWith('$tx:') ? { 'client-event-id': this.#eventIds.get(id.slice(4)) } : {};
    return { ...message, ...(message.attrs === '$fixture:attrs' && { attrs: file.fixtures.attrs }), ...eventId };
  }

  #subscribe(name: string, query: Record<string, unknown>): void {
    const received = listener();
    this.#listeners.set(name, received);
    this.#client.reactor.queries.subscribe(query, received);
  }

  #transact(name: string, chunks: readonly unknown[]): void {
    this.#statuses.set(name, 'waiting');
    const before = new Set(this.#client.reactor.state.outbox.list().map(({ eventId }) => eventId));
    const promise: WritePromise = this.#client.reactor.writes.transact(
      chunks.map((ops) => ({ __ops: ops, __etype: (ops as string[][])[0]?.[1] })),
    );
    const write = this.#client.reactor.state.outbox.list().find(({ eventId }) => !before.has(eventId));
    if (write) this.#eventIds.set(name, write.eventId);
    promise.then(
      ({ status }) => this.#statuses.set(name, status),
      (error: Error) => this.#statuses.set(name, `error: ${error.message}`),
    );
  }

  #expectSeen(name: string, value: unknown): void {
    const { data, pageInfo } = this.#listeners.get(name)?.last ?? {};
    expect(plain({ data, ...((value as { pageInfo?: unknown }).pageInfo !== undefined && { pageInfo }) })).toEqual(plain(value));
  }

  #sent(name: string): unknown {
    const message = this.#client.sentMessages('transact').findLast((sent) => sent['client-event-id'] === this.#eventIds.get(name));
    return message && this.#named(message['tx-steps']);
  }

  /** Generated attr ids by what they name. */
  #named(steps: readonly Step[]): unknown {
    const names = new Map<string, string>();
    for (const step of steps) if (step[0] === 'add-attr') names.set(step[1].id, `$attr:${step[1]['forward-identity'].slice(1).join('.')}`);
    const name = (part: unknown): unknown =>
      typeof part === 'string' ? (names.get(part) ?? part) : Array.isArray(part) ? part.map(name) : part;
    return steps.map((step) => (step[0] === 'add-attr' ? ['add-attr', names.get(step[1].id)] : step.map(name)));
  }
}

describe('optimistic vectors', () => {
  it.each(file.vectors)('$id: $title', async (vector) => {
    const play = new Play(vector);
    await settled();
    const mended = mendedDialogues[vector.id] ?? {};
    for (const [at, event] of vector.events.entries()) await play.run((mended[at] as Event | undefined) ?? event);
    play.end();
  });
});
