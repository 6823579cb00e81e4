// The Reactor's way out: the line to the server, the other tabs, the answers kept on the device. None of it matters before the store is
// open, so it is loaded meanwhile, and a page that shows something first does not wait for its code.

import { Connection } from '../connection/connection.ts';
import type { Transport } from '../connection/transport.ts';
import type { ClientMessage } from '../protocol/client-message.ts';
import type { RemoveQuery } from '../protocol/query-messages.ts';
import type { Tabs } from '../tabs/tabs.ts';
import type { ConnectionStatus } from '../types/database.ts';
import type { Account } from './account.ts';
import { AnswerDesk } from './answer-desk.ts';
import type { Back, OpenBack, WayOut } from './desk.ts';
import type { Effect } from './effect.ts';
import { LiveQueries } from './live-queries.ts';
import type { QueryDesk } from './query-desk.ts';
import { receiveMessage } from './receive.ts';
import { TabDesk } from './tab-desk.ts';
import { unreachableError } from './trouble.ts';
import { verify } from './verify.ts';
import type { WriteDesk } from './write-desk.ts';

export interface Platform {
  /** The first is the best one. */
  readonly transports: readonly Transport[];
  readonly tabs: Tabs;
}

/** What stands behind. */
export interface Inside extends Back {
  readonly account: Account;
  readonly writes: WriteDesk;
  readonly queries: QueryDesk;
}

export type OpenOutside = (inside: Inside) => Outside;

export type OutwardEffect = Extract<
  Effect,
  { readonly do: 'send' | 'keep' | 'forget' | 'tell' | 'ready' | 'restart' | 'refuse' | 'verify' }
>;

export class Outside implements WayOut {
  readonly #inside: Inside & OpenBack;
  readonly #connection: Connection;
  readonly #answers: AnswerDesk;
  readonly #tabs: Tabs;
  readonly #tabDesk: TabDesk;
  /** Lines in a row that came to nothing. */
  #misses = 0;

  constructor(inside: Inside, { transports, tabs }: Platform) {
    openQueries(inside);
    this.#inside = inside;
    this.#connection = this.#connect(transports);
    this.#answers = new AnswerDesk(inside);
    this.#tabs = tabs;
    this.#tabDesk = new TabDesk(inside, tabs, inside.account, inside.writes);
  }

  get isReady(): boolean {
    return this.#connection.isReady;
  }

  get isSender(): boolean {
    return this.#tabs.isSender;
  }

  get status(): ConnectionStatus {
    return this.#connection.status;
  }

  start(): void {
    this.#connection.start();
  }

  recall(key: string): void {
    const live = this.#inside.organs.queries.get(key);
    if (live) void this.#answers.recall(live);
  }

  /** Where tabs cannot claim anything, each has everything. */
  async claim(name: string): Promise<boolean> {
    return this.#tabs.claim?.(name) ?? true;
  }

  nextDue(): number | undefined {
    return this.#answers.nextDue();
  }

  due(nowMs: number): void {
    this.#answers.due(nowMs);
  }

  say(message: ClientMessage): void {
    this.#inside.events.emit('fact', 'said', message);
    this.#connection.send(message);
  }

  perform(effect: OutwardEffect): void {
    switch (effect.do) {
      case 'send':
        return this.say(effect.message);
      case 'keep':
        return this.#answers.note(effect);
      case 'forget':
        return this.#answers.forget();
      case 'tell':
        return this.#tabDesk.tell(effect.news);
      case 'ready':
        return this.#connection.ready();
      case 'restart':
        return this.#connection.restart();
      case 'refuse':
        return this.#connection.refused(effect.error);
      case 'verify':
        return void verify(this.#inside, effect.write, effect.error);
    }
  }

  /** For good. The line is quiet at once, and gone when it resolves. */
  hangUp(): Promise<void> {
    this.#answers.forget();
    return this.#connection.stop();
  }

  /** Another tab sends from here on. */
  leave(): Promise<void> {
    return this.#tabDesk.close();
  }

  #connect(transports: readonly Transport[]): Connection {
    const inside = this.#inside;
    const { config, organs } = inside;
    const { clock, random } = config;
    const probe = (): RemoveQuery => ({ op: 'remove-query', 'client-event-id': random.eventId(), q: { $$probe: {} } });
    return new Connection(
      { ...config, transports, probe },
      {
        opened: () => this.say(organs.session.init(random.eventId())),
        message: (message) => {
          inside.events.emit('fact', 'heard', message);
          inside.run(receiveMessage(organs, message, { nowMs: clock.now(), random }));
        },
        down: () => this.#lineLost(),
        status: (status) => this.#statusChanged(status),
        fault: (error) => inside.report(error),
      },
    );
  }

  #lineLost(): void {
    const { outbox, queries, extras } = this.#inside.organs;
    outbox.lineLost();
    queries.lineLost();
    this.#inside.run(extras.tell((extra) => extra.lineLost()));
  }

  #statusChanged(status: ConnectionStatus): void {
    const { config, events, isOpen } = this.#inside;
    events.emit('status', status);
    events.emit('fact', 'status', status);
    if (status === 'authenticated') this.#misses = 0;
    if (status !== 'closed' || !isOpen || !config.network.isOnline()) return;
    // A line may break; that the next one does not come about either is news, once.
    if (++this.#misses === 2) this.#inside.report(unreachableError(config.serverName));
  }
}

/** What has been asked and written by now can be answered and shown from here on. */
function openQueries(inside: Inside): asserts inside is Inside & OpenBack {
  const { organs, config } = inside;
  const { links, useDates, clock } = config;
  const queries = (organs.queries = new LiveQueries(organs.catalogue.known, { links, useDates, now: () => clock.now() }));
  queries.rewrite(organs.outbox.shown());
  inside.run([...inside.queries.asked.values()].flatMap((asked) => queries.open(asked)));
}
