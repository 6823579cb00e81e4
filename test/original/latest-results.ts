// Which refreshes a session receives may depend on the moment; what it knows of each query after a step may not.

import type { Heard, Outcome } from './transcript.ts';

interface Message {
  readonly op?: string;
  readonly q?: unknown;
  readonly result?: unknown;
  readonly computations?: readonly Computation[];
}

interface Computation {
  readonly 'instaql-query': unknown;
  readonly 'instaql-result': unknown;
}

/** Reduces the refreshes of each step to one with the results that differ from what the session knew before. */
export class LatestResults {
  /** Session and query → result. */
  readonly #known = new Map<string, string>();

  reduce({ heard, ...outcome }: Outcome): Outcome {
    if (!heard) return outcome;
    const reduced = Object.entries(heard).map(([session, messages]) => [session, this.#news(session, messages as Message[])] as const);
    const news = Object.fromEntries(reduced.filter(([, messages]) => messages.length > 0)) as Heard;
    return { ...outcome, ...(Object.keys(news).length > 0 && { heard: news }) };
  }

  #news(session: string, messages: readonly Message[]): Message[] {
    for (const { op, q, result } of messages) if (op === 'add-query-ok') this.#learn(session, q, result);
    const computations = messages.flatMap((message) => (message.op === 'refresh-ok' ? (message.computations ?? []) : []));
    const latest = new Map(computations.map((one) => [JSON.stringify(one['instaql-query']), one]));
    const news = [...latest.values()].filter((one) => this.#learn(session, one['instaql-query'], one['instaql-result']));
    const byQuery = news.map((one) => ({ 'instaql-query': one['instaql-query'], 'instaql-result': one['instaql-result'] }));
    byQuery.sort((a, b) => (JSON.stringify(a['instaql-query']) < JSON.stringify(b['instaql-query']) ? -1 : 1));
    const others = messages.filter(({ op }) => op !== 'refresh-ok');
    return byQuery.length === 0 ? others : [...others, { op: 'refresh-ok', computations: byQuery }];
  }

  /** Whether it is news. */
  #learn(session: string, query: unknown, result: unknown): boolean {
    const key = JSON.stringify([session, query]);
    const text = JSON.stringify(result);
    const isNews = this.#known.get(key) !== text;
    this.#known.set(key, text);
    return isNews;
  }
}
