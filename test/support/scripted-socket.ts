// The server's end of a WebSocket, played from a script: what a visitor meets is a named World. Both ends are
// mock-socket's, which uses real timers of 4 ms; a test waits for the message or the visit itself, never for time.

import { Server, WebSocket } from 'mock-socket';
import type { Transport } from '../../src/connection/transport.ts';
import { webSocketTransport } from '../../src/connection/web-socket.ts';
import { decodeClientFrame, encode } from '../../src/protocol/codec.ts';
import type { ClientMessage, ClientOp } from '../../src/protocol/client-message.ts';
import type { ServerMessage } from '../../src/protocol/server-message.ts';

/** What happens to one visitor: it may say something, drop the line, and set answers by op. */
export type World = (visit: Visit) => void;

type Sent<Op extends ClientOp> = Extract<ClientMessage, { op: Op }>;
type Responses = { [Op in ClientOp]?: (message: Sent<Op>, visit: Visit) => readonly ServerMessage[] };

export const sessionId = '5e550000-0000-4000-8000-00000000000a';

const echo = (message: ClientMessage): { 'client-event-id': string | null } => ({ 'client-event-id': message['client-event-id'] ?? null });

const usual: Responses = {
  init: (message) => [{ op: 'init-ok', ...echo(message), 'session-id': sessionId, attrs: [] }],
  'remove-query': (message) => [{ op: 'remove-query-ok', ...echo(message), q: message.q }],
};

/** Says yes to `init` and to a probe, and whatever else it was told to. */
export const accepts =
  (responses: Responses = {}): World =>
  (visit) =>
    visit.respond({ ...usual, ...responses });

/** Says no to `init`: 400 means for good, 500 that it may pass. */
export const rejects =
  (status: 400 | 500): World =>
  (visit) =>
    visit.respond({
      init: (message) => [
        {
          op: 'error',
          ...echo(message),
          status,
          type: status === 400 ? 'record-not-found' : 'sql-exception',
          message: `Refused with ${status}`,
          hint: null,
          'original-event': { ...message },
        },
      ],
    });

/** Says yes to `init`, and hangs up. */
export const dropsAfterInit: World = (visit) =>
  visit.respond({
    init(message, { send, drop }) {
      send(...(usual.init?.(message, visit) ?? []));
      drop();
      return [];
    },
  });

/** Hangs up on everyone who comes. */
export const dropsAtOnce: World = (visit) => visit.drop();

/** Opens, and never says a word. */
export const silent: World = () => {};

/** The first visitor meets the first, and so on; the last is for all who come later. */
export function inTurn(...worlds: readonly [World, ...World[]]): World {
  return (visit) => (worlds[visit.number - 1] ?? worlds.at(-1))?.(visit);
}

/** One socket that came. */
export interface Visit {
  /** The first is 1. */
  readonly number: number;
  readonly said: readonly ClientMessage[];
  readonly isOver: boolean;
  respond(responses: Responses): void;
  send(...messages: readonly ServerMessage[]): void;
  sendText(frame: string): void;
  drop(): void;
  /** The next message of this op that was not yet waited for. */
  receives<Op extends ClientOp>(op: Op): Promise<Sent<Op>>;
}

let servers = 0;

export class ScriptedServer {
  readonly url: string;
  readonly visits: Visit[] = [];
  /** Refuses to open a socket while false. */
  isUp = true;
  #world: World;
  readonly #server: Server;
  readonly #waiting = new Set<() => void>();

  constructor(world: World) {
    this.#world = world;
    this.url = `wss://scripted-${(servers += 1)}.example/runtime/session`;
    this.#server = new Server(this.url, { mock: false, verifyClient: () => this.isUp });
    this.#server.on('connection', (socket) => {
      const visit = newVisit(this.visits.length + 1, socket, (met) => this.#until(met), () => this.#changed()); // prettier-ignore
      this.visits.push(visit);
      this.#world(visit);
      this.#changed();
    });
  }

  readonly create = (url: string): WebSocket => new WebSocket(url);

  get transport(): Transport {
    return webSocketTransport({ url: this.url, create: this.create });
  }

  /** For all who come from now on. */
  become(world: World): void {
    this.#world = world;
  }

  /** The visit of this number, once it has come. */
  visit(number: number): Promise<Visit> {
    return this.#until(() => this.visits[number - 1]);
  }

  stop(): void {
    this.#server.stop();
  }

  #changed(): void {
    for (const look of [...this.#waiting]) look();
  }

  #until<T>(met: () => T | undefined): Promise<T> {
    return new Promise((resolve) => {
      const look = (): void => {
        const found = met();
        if (found === undefined) return;
        this.#waiting.delete(look);
        resolve(found);
      };
      this.#waiting.add(look);
      look();
    });
  }
}

type Socket = Parameters<Parameters<Server['on']>[1]>[0];
type Until = <T>(met: () => T | undefined) => Promise<T>;

function newVisit(number: number, socket: Socket, until: Until, changed: () => void): Visit {
  const sent: ClientMessage[] = [];
  const unheard: ClientMessage[] = [];
  let responses: Responses = {};
  let isOver = false;
  const visit: Visit = {
    number,
    said: sent,
    get isOver() {
      return isOver;
    },
    respond: (more) => void (responses = { ...responses, ...more }),
    send: (...messages) => messages.forEach((message) => visit.sendText(encode(message))),
    sendText: (frame) => socket.send(frame),
    drop: () => socket.close({ code: 1006, reason: '', wasClean: false }),
    receives: <Op extends ClientOp>(op: Op) => until(() => take(unheard, op)),
  };
  socket.on('message', (frame) => {
    for (const message of decodeClientFrame(frame).messages) {
      sent.push(message);
      unheard.push(message);
      visit.send(...responseTo(message, responses, visit));
    }
    changed();
  });
  socket.on('close', () => {
    isOver = true;
    changed();
  });
  return visit;
}

function responseTo<Op extends ClientOp>(message: Sent<Op>, responses: Responses, visit: Visit): readonly ServerMessage[] {
  const respond: ((message: never, visit: Visit) => readonly ServerMessage[]) | undefined = responses[message.op];
  return respond?.(message as never, visit) ?? [];
}

function take<Op extends ClientOp>(unheard: ClientMessage[], op: Op): Sent<Op> | undefined {
  const at = unheard.findIndex((message) => message.op === op);
  return at < 0 ? undefined : (unheard.splice(at, 1)[0] as Sent<Op>);
}
