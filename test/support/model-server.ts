// A server of the goals app, small enough to be checked by eye: goals in a Map, an answer computed by looping over them.
// What it is asked waits in lanes, and so does what it has to say: a test chooses which lane goes on, and what goes wrong.
// PROTOCOL.md#lanes

import type { ClientMessage } from '../../src/protocol/client-message.ts';
import type { WireNode } from '../../src/protocol/query-result.ts';
import type { WireQuery } from '../../src/protocol/query-messages.ts';
import type { ServerMessage } from '../../src/protocol/server-message.ts';
import type { ServerCapabilities } from '../../src/protocol/session-messages.ts';
import type { Step } from '../../src/protocol/transact-messages.ts';
import type { Transact } from '../../src/protocol/transact-messages.ts';
import { queryKey } from '../../src/query/key.ts';
import { receiptEtype } from '../../src/reactor/mutations/receipts.ts';
import { attrIds, type Goal, goalAttrs, goalTriples, nodes, rejection } from './goals.ts';

/** What goes wrong with the next transaction: not done and refused for now, done or not done with nobody knowing. */
export type Fault = 'fails' | 'fails after commit' | 'rate-limited';

export interface Applied {
  readonly eventId: string;
  readonly txId: number;
}

export interface ModelOptions {
  /** A `transact` repeated under its event id is not done again. */
  readonly remembers?: boolean;
  readonly capabilities?: ServerCapabilities;
  /** Why a step may not be taken; `undefined` if it may. */
  readonly forbids?: (step: Step) => boolean;
}

const duplicate = { 'record-type': 'triple', etype: receiptEtype, label: 'eventId' };

const labels = new Map([[attrIds.title, 'title'], [attrIds.done, 'done']]); // prettier-ignore

export class ModelServer {
  readonly goals = new Map<string, Goal>();
  /** Every transaction that was done, in order. */
  readonly log: Applied[] = [];
  readonly refused: string[] = [];
  readonly sessions = new Set<ModelSession>();
  readonly #options: ModelOptions;
  readonly #remembered = new Map<string, ServerMessage>();
  /** Values of the unique attribute that receipts have. */
  readonly #receipts = new Set<string>();
  mishaps: Fault[] = [];
  isReadOnly = false;
  txId = 1000;

  constructor(options: ModelOptions = {}) {
    this.#options = options;
  }

  get capabilities(): ServerCapabilities | undefined {
    return this.#options.capabilities;
  }

  connect(): ModelSession {
    const session = new ModelSession(this, `session-${this.sessions.size + 1}`);
    this.sessions.add(session);
    return session;
  }

  /** Somebody else writes. */
  put(goal: Goal): void {
    this.goals.set(goal.id, { ...this.goals.get(goal.id), ...goal });
    this.txId += 1;
    this.#stale();
  }

  respond(q: WireQuery): WireNode[] {
    return nodes(this.matching(q).flatMap((goal) => goalTriples(goal)));
  }

  matching(q: WireQuery): Goal[] {
    const where = (q['goals'] as { $?: { where?: { done?: boolean } } }).$?.where;
    return [...this.goals.values()].filter(({ done }) => where?.done === undefined || done === where.done);
  }

  transact(message: Transact): ServerMessage {
    const eventId = message['client-event-id'] ?? '';
    const outgoing = this.#remembered.get(eventId);
    if (outgoing && this.#options.remembers) return outgoing;
    if (this.isReadOnly) return rejection(eventId, { type: 'app-read-only', hint: { status: 'read-only' } });
    const fault = this.mishaps.shift();
    if (fault === 'rate-limited') return rejection(eventId, { type: 'rate-limited', hint: { 'retry-after': 2 } });
    if (fault === 'fails') return rejection(eventId, { status: 500, type: 'timeout', hint: null });
    const sent = this.#commit(eventId, message['tx-steps']);
    return fault === 'fails after commit' && sent.op === 'transact-ok'
      ? rejection(eventId, { status: 500, type: 'operation-timed-out', hint: null })
      : sent;
  }

  #commit(eventId: string, steps: readonly Step[]): ServerMessage {
    const next = new Map(this.goals);
    const problem = steps.map((step) => (this.#options.forbids?.(step) ? 'permission-denied' : take(next, this.goals, step))).find(Boolean);
    if (problem) {
      this.refused.push(eventId);
      const no = rejection(eventId, { type: problem });
      if (this.#options.remembers) this.#remembered.set(eventId, no);
      return no;
    }
    const receipts = steps.flatMap((step) => (step[0] === 'add-triple' && String(step[3]).startsWith('write/') ? [String(step[3])] : []));
    if (receipts.some((receipt) => this.#receipts.has(receipt))) return rejection(eventId, { type: 'record-not-unique', hint: duplicate });
    for (const receipt of receipts) this.#receipts.add(receipt);
    this.goals.clear();
    for (const [id, goal] of next) this.goals.set(id, goal);
    this.txId += 1;
    // Without steps, nothing is applied: the client asks for a position.
    if (steps.length > 0) this.log.push({ eventId, txId: this.txId });
    const yes: ServerMessage = { op: 'transact-ok', 'client-event-id': eventId, 'tx-id': this.txId };
    this.#remembered.set(eventId, yes);
    this.#stale();
    return yes;
  }

  #stale(): void {
    for (const session of this.sessions) session.isStale = true;
  }
}

/** Changes `next`; what is wrong with the step, if anything is. */
function take(next: Map<string, Goal>, before: ReadonlyMap<string, Goal>, step: Step): string | undefined {
  // All attrs there are were told with init-ok, but for those of receipts.
  if (step[0] === 'add-attr') return step[1]['forward-identity'][1] === receiptEtype ? undefined : 'record-not-unique';
  if (step[0] === 'delete-entity') next.delete(String(step[1]));
  if (step[0] !== 'add-triple') return undefined;
  const [, e, a, v, options] = step;
  const id = String(e);
  if (a !== attrIds.id && !labels.has(a)) return undefined;
  if (options?.mode === 'create' && before.has(id)) return 'validation-failed';
  if (options?.mode === 'update' && !before.has(id)) return 'validation-failed';
  const label = labels.get(a);
  next.set(id, { ...next.get(id), id, ...(label && { [label]: v }) });
  return undefined;
}

export class ModelSession {
  readonly #server: ModelServer;
  readonly #id: string;
  /** What was asked and not looked at yet, and what is to be said and was not heard yet; by lane. */
  readonly incoming = new Map<string, ClientMessage[]>();
  readonly outgoing = new Map<string, ServerMessage[]>();
  /** Queries of this session, with the answer last sent. */
  readonly #queries = new Map<string, { readonly q: WireQuery; last: string }>();
  isStale = false;
  isOpen = false;
  /** How often a query was asked that the session has. */
  repeats = 0;

  constructor(server: ModelServer, id: string) {
    this.#server = server;
    this.#id = id;
  }

  get id(): string {
    return this.#id;
  }

  receive(message: ClientMessage): void {
    push(this.incoming, laneOf(message), message);
  }

  /** Looks at one thing: the first of the lane at this place. */
  work(at: number): boolean {
    const message = takeFirst(this.incoming, at);
    if (message) this.#respond(message);
    return message !== undefined;
  }

  /** What is heard next, from the lane at this place. */
  next(at: number): ServerMessage | undefined {
    return takeFirst(this.outgoing, at);
  }

  /** Tells what changed: what every real server does sooner or later. */
  refresh(): void {
    if (!this.isStale || !this.isOpen) return;
    this.isStale = false;
    const computations = [...this.#queries.values()].flatMap((query) => {
      const result = this.#server.respond(query.q);
      const text = JSON.stringify(result);
      if (text === query.last) return [];
      query.last = text;
      return [{ 'instaql-query': query.q, 'instaql-result': result }];
    });
    if (computations.length === 0 && !this.#server.capabilities?.['refresh-covers-all']) return;
    push(this.outgoing, 'refresh', { op: 'refresh-ok', computations, 'processed-tx-id': this.#server.txId });
  }

  close(): void {
    this.isOpen = false;
    this.incoming.clear();
    this.outgoing.clear();
    this.#server.sessions.delete(this);
  }

  #respond(message: ClientMessage): void {
    const eventId = message['client-event-id'] ?? null;
    const send = (lane: string, sent: ServerMessage): void => push(this.outgoing, lane, sent);
    if (message.op === 'init') {
      this.isOpen = true;
      const triplane = this.#server.capabilities;
      const status = this.#server.isReadOnly ? 'read-only' : 'active';
      const session = { 'session-id': this.#id, attrs: goalAttrs, 'app-status': { status } as const };
      send('init', { op: 'init-ok', ...session, 'client-event-id': eventId, ...(triplane && { triplane }) });
    }
    if (message.op === 'transact') send('transact', this.#server.transact(message));
    if (message.op === 'remove-query') {
      this.#queries.delete(queryKey(message.q));
      send(laneOf(message), { op: 'remove-query-ok', q: message.q, 'client-event-id': eventId });
    }
    if (message.op === 'add-query') {
      const key = queryKey(message.q);
      if (this.#queries.has(key)) {
        this.repeats += 1;
        return send(laneOf(message), { op: 'add-query-exists', q: message.q, 'client-event-id': eventId });
      }
      const result = this.#server.respond(message.q);
      this.#queries.set(key, { q: message.q, last: JSON.stringify(result) });
      send(laneOf(message), { op: 'add-query-ok', q: message.q, result, 'processed-tx-id': this.#server.txId, 'client-event-id': eventId });
    }
  }
}

function laneOf(message: ClientMessage): string {
  if (message.op === 'add-query' || message.op === 'remove-query') return `query ${queryKey(message.q)}`;
  return message.op;
}

function push<T>(lanes: Map<string, T[]>, lane: string, item: T): void {
  const items = lanes.get(lane);
  if (items) items.push(item);
  else lanes.set(lane, [item]);
}

function takeFirst<T>(lanes: Map<string, T[]>, at: number): T | undefined {
  const names = [...lanes.keys()];
  const name = names[at % Math.max(1, names.length)];
  const items = name === undefined ? undefined : lanes.get(name);
  const first = items?.shift();
  if (name !== undefined && items?.length === 0) lanes.delete(name);
  return first;
}
