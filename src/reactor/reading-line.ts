// A line whose big answers are read in slices before they are handed on, so that the page stays alive meanwhile. What comes after them
// waits: nothing overtakes. What is still waiting when the line ends was as good as never sent.

import type { LineEvents, Transport } from '../connection/transport.ts';
import { Breath, type BreathConfig } from '../lib/breath.ts';
import type { WireQuery } from '../protocol/query-messages.ts';
import { type ReadAnswer, readAnswer, type WireAnswer } from '../protocol/query-answer.ts';
import type { ServerMessage } from '../protocol/server-message.ts';
import { queryKey } from '../query/key.ts';
import { safely } from './audience.ts';
import type { LiveQueries } from './live-queries.ts';
import type { LiveQuery } from './live-query.ts';
import { readAhead } from './read-ahead.ts';

export interface ReadingConfig extends BreathConfig {
  readonly queries: () => LiveQueries | undefined;
  readonly report: (error: Error) => void;
}

export function readingLine(transport: Transport, config: ReadingConfig): Transport {
  return {
    name: transport.name,
    open(on) {
      const queue = new Queue(on, config);
      const line = transport.open({
        ...on,
        message: (message) => queue.add(message),
        closed(why) {
          queue.end();
          on.closed(why);
        },
      });
      return {
        send: (message) => line.send(message),
        close(code, reason) {
          queue.end();
          return line.close(code, reason);
        },
      };
    },
  };
}

interface Big {
  readonly live: LiveQuery;
  readonly answer: WireAnswer;
  readonly read: ReadAnswer;
}

class Queue {
  readonly #on: LineEvents;
  readonly #config: ReadingConfig;
  readonly #breath: Breath;
  readonly #messages: ServerMessage[] = [];
  #isReading = false;
  #isEnded = false;

  constructor(on: LineEvents, config: ReadingConfig) {
    this.#on = on;
    this.#config = config;
    this.#breath = new Breath(config);
  }

  add(message: ServerMessage): void {
    this.#messages.push(message);
    if (this.#isReading) this.#on.heard();
    else void this.#work();
  }

  end(): void {
    this.#isEnded = true;
  }

  async #work(): Promise<void> {
    this.#isReading = true;
    for (let message = this.#messages[0]; message; message = this.#messages[0]) {
      for (const big of this.#answersIn(message)) await this.#read(big);
      if (this.#isEnded) return;
      this.#messages.shift();
      const next = message;
      safely(() => this.#on.message(next), this.#config.report);
    }
    this.#isReading = false;
  }

  /** Those that take their time. */
  #answersIn(message: ServerMessage): Big[] {
    const queries = this.#config.queries();
    return answersOf(message).flatMap(([query, answer]): Big[] => {
      const live = queries?.get(queryKey(query));
      const read = readAnswer(answer);
      return live && read.triples.length > 2 * this.#breath.atOnce ? [{ live, answer, read }] : [];
    });
  }

  async #read({ live, answer, read }: Big): Promise<void> {
    const { report } = this.#config;
    const queries = this.#config.queries();
    // The frame was parsed in this task, which was long enough.
    await this.#breath.take();
    const isWanted = (): boolean => !this.#isEnded && queries?.get(live.key) === live;
    const ahead = await readAhead(live.view, read, this.#breath, isWanted, (done, total) => {
      for (const { progress } of live.listeners.keys()) safely(() => progress?.({ query: live.query, done, total }), report);
    });
    if (ahead) queries?.readAhead.set(answer, ahead);
  }
}

function answersOf(message: ServerMessage): (readonly [query: WireQuery, answer: WireAnswer])[] {
  if (message.op === 'add-query-ok') return [[message.q, message.result]];
  if (message.op !== 'refresh-ok') return [];
  return message.computations.map((one) => [one['instaql-query'], one['instaql-result']]);
}
