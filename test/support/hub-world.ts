// Clients and the embedded server in one process, without a network: every frame is text, and arrives in a task of its own.

import type { WebSocketLike } from '../../src/connection/web-socket.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { silent } from '../../src/lib/log.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { Hub } from '../../src/server/session/hub.ts';
import { defaultLimits } from '../../src/server/limits.ts';
import { memory } from '../../src/server/storage/memory.ts';
import { memoryStore } from '../../src/storage/memory.ts';

export const appId = 'a9900000-0000-4000-8000-000000000002';

export interface HubWorld {
  readonly hub: Hub;
  /** What `init` is told to come here, on a device of its own. */
  readonly config: { appId: string; storage: ReturnType<typeof memoryStore>; webSocket: (url: string) => WebSocketLike };
  /** What was said by all clients, by op. */
  sent(op: string): Record<string, unknown>[];
  /** How many sockets were opened. */
  readonly sockets: number;
  /** The line is cut, and none is opened while it is. */
  cut(): void;
  mend(): void;
  /** Answers are held back, to be looked at without. */
  hold(): void;
  letGo(): void;
}

export function hubWorld(): HubWorld {
  const ids = { appId, adminToken: systemRandom.uuid() };
  const hub = new Hub({
    ...{ ...ids, storage: memory(), log: silent, limits: defaultLimits, createAppsOnUse: true },
    ...{ clock: systemClock, random: systemRandom, userOf: async (_app, token) => userOf(token) },
  });
  const frames: Record<string, unknown>[] = [];
  const open = new Set<LoopSocket>();
  let isCut = false;
  let held: (() => void)[] | undefined;
  const down = (run: () => void): void => void (held ? held.push(run) : setImmediate(run));
  const world = {
    hub,
    sockets: 0,
    get config() {
      return { appId, storage: memoryStore(), webSocket: () => connect() };
    },
    sent: (op: string) => frames.filter((frame) => frame['op'] === op),
    cut: () => {
      isCut = true;
      for (const socket of [...open]) socket.end();
    },
    mend: () => void (isCut = false),
    hold: () => void (held ??= []),
    letGo: () => {
      const waiting = held ?? [];
      held = undefined;
      for (const run of waiting) setImmediate(run);
    },
  };
  function connect(): WebSocketLike {
    world.sockets += 1;
    const socket = new LoopSocket(hub, (frame) => frames.push(JSON.parse(frame) as Record<string, unknown>), down);
    open.add(socket);
    setImmediate(() => (isCut ? socket.end() : socket.begin()));
    return socket;
  }
  return world;
}

const users = new Map<string, { id: string; email: string; refresh_token: string }>();

/** Whom a token stands for: any token is somebody's. */
export function userOf(token: string): { id: string; email: string; refresh_token: string } {
  const known = users.get(token) ?? { id: systemRandom.uuid(), email: `${token}@example.com`, refresh_token: token };
  users.set(token, known);
  return known;
}

class LoopSocket implements WebSocketLike {
  readyState = 0;
  onopen: WebSocketLike['onopen'] = null;
  onmessage: WebSocketLike['onmessage'] = null;
  onerror: WebSocketLike['onerror'] = null;
  onclose: WebSocketLike['onclose'] = null;
  readonly #hub: Hub;
  readonly #sent: (frame: string) => void;
  readonly #down: (run: () => void) => void;
  #session: ReturnType<Hub['connect']> | undefined;

  constructor(hub: Hub, sent: (frame: string) => void, down: (run: () => void) => void) {
    this.#hub = hub;
    this.#sent = sent;
    this.#down = down;
  }

  begin(): void {
    if (this.readyState !== 0) return;
    this.#session = this.#hub.connect({
      send: (frame) => this.#down(() => this.readyState === 1 && this.onmessage?.({ data: frame } as never)),
      close: () => this.end(),
    });
    this.readyState = 1;
    this.onopen?.({} as never);
  }

  send(frame: string): void {
    this.#sent(frame);
    setImmediate(() => this.readyState === 1 && this.#session?.receive(frame));
  }

  close(): void {
    this.end();
  }

  end(): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.#session?.end();
    setImmediate(() => this.onclose?.({ code: 1006, reason: '', wasClean: false } as never));
  }
}
