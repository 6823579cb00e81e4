// A transport that ingests large results in time slices before it delivers them, so that the page stays responsive. Later messages wait, to
// keep the order. Messages that still wait when the channel closes are dropped.

import type { ChannelEvents, Transport } from '../../connection/transport.ts';
import type { LiveQueries } from './live-queries.ts';
import type { LiveQuery } from './live-query.ts';
import type { ServerMessage } from '../../protocol/server-message.ts';
import type { WireQuery } from '../../protocol/query-messages.ts';
import { TimeSlicer, type TimeSlicerConfig } from '../../lib/yielding.ts';
import { guarded } from '../notify.ts';
import { queryKey } from '../../query/key.ts';
import { slicedIngest } from './sliced-ingest.ts';
import { type ReadResult, readResult, type WireResult } from '../../protocol/query-result.ts';

export interface SlicedTransportConfig extends TimeSlicerConfig {
  readonly queries: () => LiveQueries;
  readonly report: (error: Error) => void;
}

export function slicedTransport(transport: Transport, config: SlicedTransportConfig): Transport {
  return {
    name: transport.name,
    open(on) {
      const queue = new MessageQueue(on, config);
      const channel = transport.open({
        ...on,
        message: (message) => queue.add(message),
        closed(why) {
          queue.end();
          on.closed(why);
        },
      });
      return {
        send: (message) => channel.send(message),
        close(code, reason) {
          queue.end();
          return channel.close(code, reason);
        },
      };
    },
  };
}

interface BigResult {
  readonly live: LiveQuery;
  readonly result: WireResult;
  readonly parsed: ReadResult;
}

class MessageQueue {
  readonly #on: ChannelEvents;
  readonly #config: SlicedTransportConfig;
  readonly #slicer: TimeSlicer;
  readonly #messages: ServerMessage[] = [];
  #isDraining = false;
  #isEnded = false;

  constructor(on: ChannelEvents, config: SlicedTransportConfig) {
    this.#on = on;
    this.#config = config;
    this.#slicer = new TimeSlicer(config);
  }

  add(message: ServerMessage): void {
    this.#messages.push(message);
    if (this.#isDraining) this.#on.activity();
    else void this.#drain();
  }

  end(): void {
    this.#isEnded = true;
  }

  async #drain(): Promise<void> {
    this.#isDraining = true;
    for (let message = this.#messages[0]; message; message = this.#messages[0]) {
      for (const bigResult of this.#bigResultsIn(message)) await this.#ingest(bigResult);
      if (this.#isEnded) return;
      this.#messages.shift();
      const next = message;
      guarded(() => this.#on.message(next), this.#config.report);
    }
    this.#isDraining = false;
  }

  /** Messages that take long. */
  #bigResultsIn(message: ServerMessage): BigResult[] {
    const queries = this.#config.queries();
    return resultsOf(message).flatMap(([query, result]): BigResult[] => {
      const live = queries.get(queryKey(query));
      const parsed = readResult(result);
      return live && parsed.triples.length > 2 * this.#slicer.batchSize ? [{ live, result, parsed }] : [];
    });
  }

  async #ingest({ live, result, parsed }: BigResult): Promise<void> {
    const { report } = this.#config;
    const queries = this.#config.queries();
    // Parsing the frame took this task's time already.
    await this.#slicer.yieldToMain();
    const isRelevant = (): boolean => !this.#isEnded && queries.get(live.key) === live;
    const ingested = await slicedIngest(live.view, parsed, this.#slicer, isRelevant, (done, total) => {
      for (const { progress } of live.listeners.keys()) guarded(() => progress?.({ query: live.query, done, total }), report);
    });
    if (ingested) queries.ingested.set(result, ingested);
  }
}

function resultsOf(message: ServerMessage): (readonly [query: WireQuery, answer: WireResult])[] {
  if (message.op === 'add-query-ok') return [[message.q, message.result]];
  if (message.op !== 'refresh-ok') return [];
  return message.computations.map((one) => [one['instaql-query'], one['instaql-result']]);
}

export { slicedIngest } from './sliced-ingest.ts';
