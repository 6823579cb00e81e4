// The original server's behavior, as far as it decides whether a write is lost or applied twice, in front of a session of ours. Each rule
// below was seen on the original: docs/exactly-once.md, test/original/recordings. It is a layer for tests, and no mode of the server.

import { isWireAttr, type WireAttr } from '../../../src/protocol/attr.ts';
import type { Step } from '../../../src/protocol/transact-messages.ts';
import { isUuid } from '../../../src/lib/uuid.ts';

export interface Peer {
  send(frame: string): void;
  close(code?: number, reason?: string): void;
}

export interface ServerSession {
  receive(frame: string): void;
  end(): void;
}

export type Connect = (peer: Peer) => ServerSession;

type Message = Record<string, unknown> & { op: string };
type Steps = readonly Step[];

export interface DoubleOptions {
  /** A fraction of 0 to 1, anew each time. */
  readonly random: () => number;
  /** In milliseconds. */
  readonly maxRefreshDelay: number;
  /** What becomes of a transaction that could be carried out: see `Mishap`. */
  readonly mishap?: (() => Mishap | undefined) | undefined;
  /** Called for each transaction that comes, by event id. */
  readonly onReceive?: ((eventId: string, steps: Steps) => void) | undefined;
  /** Called for each transaction that was applied; `merged`: those that it stands for as well. */
  readonly onCommit?: ((eventId: string, steps: Steps, merged: readonly string[]) => void) | undefined;
}

/** The server fails before it commits, or after. */
export type Mishap = 'fails' | 'fails-after-commit';

interface Queued {
  readonly message: Message;
  readonly steps: Steps;
  /** The writes that this one stands for: they get its answer. */
  readonly merged: readonly Queued[];
}

interface Current {
  readonly id: string;
  readonly queued: Queued;
  readonly mishap: Mishap | undefined;
}

/** What all sessions of a server share. Attr and identity ids are unique over all apps. */
export class OriginalServer {
  readonly options: DoubleOptions;
  readonly #attrs = new Map<string, WireAttr>();
  /** Of other apps on the server. */
  readonly foreignIds = new Set<string>();

  constructor(options: DoubleOptions) {
    this.options = options;
  }

  connect(connect: Connect): Connect {
    return (peer) => new OriginalSession(this, connect, peer);
  }

  learn(attrs: readonly WireAttr[]): void {
    for (const attr of attrs) this.#attrs.set(attr.id, attr);
  }

  /** What these steps have made and deleted. */
  apply(steps: Steps): void {
    for (const step of steps) {
      if (step[0] === 'add-attr') this.#attrs.set(step[1].id, step[1]);
      if (step[0] === 'delete-attr') this.#attrs.delete(step[1]);
    }
  }

  /** What the original answers where ours is more lenient. Undefined if the steps can be carried out. */
  refusal(steps: Steps): Message | undefined {
    const added = new Map<string, WireAttr>();
    const deleted = new Set<string>();
    for (const step of steps) {
      if (step[0] === 'delete-attr') deleted.add(step[1]);
      // What is malformed is refused behind it.
      if (step[0] === 'add-attr' && !isWireAttr(step[1])) return undefined;
      const refused = step[0] === 'add-attr' ? this.#refuseAttr(step[1], added, deleted) : this.#refuseData(step, added);
      if (refused) return refused;
    }
    return undefined;
  }

  #refuseAttr(attr: WireAttr, added: Map<string, WireAttr>, deleted: ReadonlySet<string>): Message | undefined {
    const [ident, etype, label] = attr['forward-identity'];
    const same = [...[...this.#attrs.values()].filter(({ id }) => !deleted.has(id)), ...added.values()];
    const byName = same.find(({ 'forward-identity': [, e, l] }) => e === etype && l === label);
    const byId = same.find(({ id }) => id === attr.id);
    const byIdent = same.find(({ 'forward-identity': [id] }) => id === ident);
    if (byName && (byName.id !== attr.id || byName['forward-identity'][0] !== ident)) {
      return error('record-not-unique', `\`${label}\` already exists on \`${etype}\``, { 'record-type': 'ident', etype, label });
    }
    const isForeign = this.foreignIds.has(attr.id) || this.foreignIds.has(ident);
    if (isForeign || (!byName && (byId || byIdent)))
      return raised(`Another attribute for ${etype}.${label} exists with different properties.`);
    added.set(attr.id, attr);
    return undefined;
  }

  #refuseData(step: Step, added: ReadonlyMap<string, WireAttr>): Message | undefined {
    // A retraction of what is not there does nothing.
    const attr = step[0] === 'add-triple' || step[0] === 'deep-merge-triple' ? step[2] : undefined;
    if (!isUuid(attr) || this.#attrs.has(attr) || added.has(attr)) return undefined;
    return raised(`We could not find an attribute with id = '${attr}'`);
  }
}

class OriginalSession implements ServerSession {
  readonly #server: OriginalServer;
  readonly #session: ServerSession;
  readonly #peer: Peer;
  readonly #queue: Queued[] = [];
  /** The one that is being carried out, under the id our server knows it by: it has no memory of the client's. */
  #current: Current | undefined;
  #sent = 0;
  #isOver = false;
  #sessionId: unknown;
  #lastRefresh = 0;

  constructor(server: OriginalServer, connect: Connect, peer: Peer) {
    this.#server = server;
    this.#peer = peer;
    this.#session = connect({ send: (frame) => this.#fromServer(frame), close: (code, reason) => peer.close(code, reason) });
  }

  receive(frame: string): void {
    const message = parse(frame);
    if (message?.op !== 'transact' || !isStepList(message['tx-steps'])) {
      if (message) delete message['triplane'];
      return this.#session.receive(message ? JSON.stringify(message) : frame);
    }
    this.#server.options.onReceive?.(idOf(message), message['tx-steps'] as Steps);
    this.#queue.push({ message, steps: message['tx-steps'] as Steps, merged: [] });
    // Those that come in the same moment stand in the queue together.
    setTimeout(() => this.#next(), 1);
  }

  /** What the server has heard it carries out, though nobody hears the answer. */
  end(): void {
    this.#isOver = true;
    if (!this.#current && this.#queue.length === 0) this.#session.end();
    else setTimeout(() => this.end(), 20);
  }

  #next(): void {
    if (this.#current) return;
    let queued = this.#queue.shift();
    if (!queued) return;
    while (this.#queue[0] && isMergeable(queued.steps, this.#queue[0].steps)) {
      const merged: readonly Queued[] = [...queued.merged, queued];
      queued = { ...(this.#queue.shift() as Queued), merged };
    }
    const steps = grouped(queued.steps).filter((step) => !isDropped(step));
    const mishap = this.#server.options.mishap?.();
    const refused = mishap === 'fails' ? failure() : this.#server.refusal(steps);
    if (refused) {
      this.#answer(queued, refused);
      return this.#next();
    }
    this.#sent += 1;
    const id = `double ${this.#sent} ${Math.floor(this.#server.options.random() * 1e12)}`;
    this.#current = { id, queued: { ...queued, steps }, mishap };
    this.#session.receive(JSON.stringify({ ...queued.message, 'client-event-id': id, 'tx-steps': steps }));
  }

  /** Ours packs several messages into one frame; the original does not. */
  #fromServer(frame: string): void {
    const frames = JSON.parse(frame) as Message | readonly Message[];
    for (const message of Array.isArray(frames) ? (frames as readonly Message[]) : [frames as Message]) this.#forward(message);
  }

  #forward(message: Message): void {
    const { random, maxRefreshDelay } = this.#server.options;
    if (message.op === 'init-ok') this.#sessionId = message['session-id'];
    if (Array.isArray(message['attrs'])) this.#server.learn(message['attrs'] as WireAttr[]);
    delete message['triplane'];
    if (this.#current && message['client-event-id'] === this.#current.id) return this.#finish(this.#current, message);
    if (message.op !== 'refresh-ok') return this.#send(message);
    // Late, and never one before the other.
    this.#lastRefresh = Math.max(this.#lastRefresh, Date.now() + random() * maxRefreshDelay);
    setTimeout(() => this.#send(message), this.#lastRefresh - Date.now());
  }

  #finish({ queued, mishap }: Current, message: Message): void {
    this.#current = undefined;
    if (message.op === 'transact-ok') {
      this.#server.apply(queued.steps);
      const merged = queued.merged.map(({ message }) => idOf(message));
      this.#server.options.onCommit?.(idOf(queued.message), queued.steps, merged);
    }
    this.#answer(queued, mishap === 'fails-after-commit' && message.op === 'transact-ok' ? failure() : message);
    this.#next();
  }

  #answer(queued: Queued, answer: Message): void {
    for (const { message } of [...queued.merged, queued]) {
      const original = answer.op === 'error' && { 'original-event': { ...message, 'session-id': this.#sessionId } };
      this.#send({ ...answer, ...original, 'client-event-id': message['client-event-id'] });
    }
  }

  #send(message: Message): void {
    if (!this.#isOver) this.#peer.send(JSON.stringify(message));
  }
}

/** By kind, the kinds in the order in which they first appear. */
export function grouped(steps: Steps): Step[] {
  return [...new Set(steps.map(([op]) => op))].flatMap((op) => steps.filter((step) => step[0] === op));
}

/** A lookup by a value that looks like an id finds nothing when it deletes. */
function isDropped(step: Step): boolean {
  return step[0] === 'delete-entity' && Array.isArray(step[1]) && isUuid(step[1][1]);
}

function idOf(message: Message): string {
  return String(message['client-event-id']);
}

/** The later one stands for both: writes that wait and set the same fields of the same entities. */
function isMergeable(steps: Steps, later: Steps): boolean {
  const fields = (list: Steps): string =>
    JSON.stringify(list.map((step) => (step[0] === 'add-triple' ? [step[1], step[2]] : Math.random())));
  return steps.length === later.length && fields(steps) === fields(later);
}

function raised(text: string): Message {
  const hint = { condition: 'raise-exception', constraint: text, table: null };
  return error('sql-raise', `Raised Exception: ${text}`, hint);
}

function error(type: string, message: string, hint: unknown): Message {
  return { op: 'error', status: 400, type, message, hint };
}

function failure(): Message {
  return { op: 'error', status: 500, type: 'operation-timed-out', message: 'The operation timed out.', hint: null };
}

function parse(frame: string): Message | undefined {
  const message = JSON.parse(frame) as unknown;
  return typeof message === 'object' && message !== null && !Array.isArray(message) ? (message as Message) : undefined;
}

function isStepList(value: unknown): boolean {
  return Array.isArray(value) && value.every(Array.isArray);
}
