// A server without a network, and clients that are nothing but what they say and hear.

import type { Limits } from '../../src/server/limits.ts';
import { defaultLimits } from '../../src/server/limits.ts';
import type { Outbound } from '../../src/server/outbound.ts';
import { Hub } from '../../src/server/session/hub.ts';
import { memory } from '../../src/server/storage/memory.ts';
import type { Session } from '../../src/server/session/session.ts';
import type { Storage } from '../../src/server/storage/storage.ts';
import { type Log, silent } from '../../src/lib/log.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { VirtualClock } from '../../src/testing/virtual/clock.ts';
import type { ServerMessage, ServerOp } from '../../src/protocol/server-message.ts';
import { decodeServerFrame } from '../../src/protocol/codec.ts';

export const appId = 'a9900000-0000-4000-8000-000000000001';
export const adminToken = 'ad000000-0000-4000-8000-000000000001';

export interface BenchOptions {
  readonly storage?: Storage;
  readonly limits?: Partial<Limits>;
  readonly createAppsOnUse?: boolean;
  /** How receivers of webhooks answer. */
  readonly webhookOutbound?: Outbound;
  /** Beside the warnings, which are noted. */
  readonly log?: Log;
}

export interface Bench {
  readonly hub: Hub;
  readonly clock: VirtualClock;
  /** Warnings in the log. */
  readonly logged: (readonly unknown[])[];
  /** A connection, nothing said yet. */
  connect(): TestPeer;
  /** A session that is ready. */
  open(init?: object): Promise<TestPeer>;
}

/** Users by their refresh token. */
const users: Readonly<Record<string, { readonly id: string; readonly email: string }>> = {
  'f0000000-0000-4000-8000-000000000001': { id: '0b000000-0000-4000-8000-000000000001', email: 'ann@example.com' },
  'f0000000-0000-4000-8000-000000000002': { id: '0b000000-0000-4000-8000-000000000002', email: 'bob@example.com' },
};

export function bench({ storage = memory(), limits, createAppsOnUse = true, webhookOutbound, log = silent }: BenchOptions = {}): Bench {
  const clock = new VirtualClock();
  const logged: (readonly unknown[])[] = [];
  const hub = new Hub({
    storage,
    clock,
    random: systemRandom,
    log: { ...log, warn: (...parts) => void logged.push(parts) },
    limits: { ...defaultLimits, ...limits },
    adminToken,
    appId,
    createAppsOnUse,
    webhookOutbound,
    userOf: async (_app, token) => users[token],
  });
  const connect = (): TestPeer => new TestPeer((peer) => hub.connect(peer));
  return {
    hub,
    clock,
    logged,
    connect,
    async open(init = {}) {
      const peer = connect();
      await peer.request({ op: 'init', 'app-id': appId, versions: { '@instantdb/core': 'v1.0.67' }, ...init });
      peer.heard.length = 0;
      return peer;
    },
  };
}

type Received<Op extends ServerOp> = Extract<ServerMessage, { readonly op: Op }>;

/** Fields in which the server repeats what it was sent, whatever that was. */
const repeated: ReadonlySet<unknown> = new Set(['client-event-id', 'topic', 'q']);

/** What the server repeats of a request that no client makes is taken as it is. */
function messagesIn(frame: string): readonly ServerMessage[] {
  try {
    return decodeServerFrame(frame).messages;
  } catch (error) {
    const { hint } = error as { readonly hint?: { readonly field?: unknown } };
    if (!repeated.has(hint?.field)) throw error;
    const parsed = JSON.parse(frame) as ServerMessage | ServerMessage[];
    return Array.isArray(parsed) ? parsed : [parsed];
  }
}

export class TestPeer {
  /** All that was heard and not taken yet. */
  readonly heard: ServerMessage[] = [];
  closedWith: readonly [code: number, reason: string] | undefined;
  readonly session: Session;
  #events = 0;

  constructor(connect: (peer: { send: (frame: string) => void; close: (code: number, reason: string) => void }) => Session) {
    this.session = connect({
      send: (frame) => this.heard.push(...messagesIn(frame)),
      close: (code, reason) => (this.closedWith = [code, reason]),
    });
  }

  send(message: object): string {
    const eventId = 'client-event-id' in message ? String(message['client-event-id']) : `e${++this.#events}`;
    this.session.receive(JSON.stringify({ 'client-event-id': eventId, ...message }));
    return eventId;
  }

  /** Says it, and gives back what is heard until everything has come to rest. */
  async request(message: object): Promise<ServerMessage[]> {
    this.heard.length = 0;
    this.send(message);
    await rest();
    return this.heard.slice();
  }

  /** Says it, and gives back the answer. */
  async response<Op extends ServerOp>(op: Op, message: object): Promise<Received<Op>> {
    const received = await this.request(message);
    const found = received.find((each): each is Received<Op> => each.op === op);
    if (!found) throw new Error(`no ${op} among ${JSON.stringify(received)}`);
    return found;
  }

  take<Op extends ServerOp>(op: Op): Received<Op>[] {
    const taken = this.heard.filter((each): each is Received<Op> => each.op === op);
    this.heard.length = 0;
    return taken;
  }
}

/** The server waits for nothing but promises. */
export async function rest(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve));
}

let made = 0;

/** Ids in the order they are asked for. */
export function newId(): string {
  return `1d000000-0000-4000-8000-${(++made).toString(16).padStart(12, '0')}`;
}

interface AttrTraits {
  readonly [field: string]: unknown;
}

/** An attr as a client makes it up. */
export function blob(etype: string, label: string, traits: AttrTraits = {}) {
  return {
    id: newId(),
    'value-type': 'blob',
    cardinality: 'one',
    'forward-identity': [newId(), etype, label],
    'unique?': label === 'id',
    'index?': false,
    isUnsynced: true,
    ...traits,
  };
}

export function link(etype: string, label: string, reverseEtype: string, reverseLabel: string, traits: AttrTraits = {}) {
  return {
    ...blob(etype, label),
    'value-type': 'ref',
    cardinality: 'many',
    'reverse-identity': [newId(), reverseEtype, reverseLabel],
    ...traits,
  };
}
