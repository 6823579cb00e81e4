// One page while a server renders it: what was asked for it, over HTTP and for whom the page is, and what of that is still to be sent along.

import { FrameworkClient, type InstantCoreDatabase } from 'triplane';

import type { Answer, Parcel } from './line.ts';

type Asked =
  | { readonly is: 'waiting'; readonly promise: Promise<void> }
  | { readonly is: 'there'; readonly answer: Answer }
  | { readonly is: 'refused'; readonly error: unknown };

export class Rendering {
  readonly #client: FrameworkClient;
  readonly #asked = new Map<string, Asked>();
  #unsent: Parcel[] = [];

  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- databases of every schema
  constructor(db: InstantCoreDatabase<any, any>, token: string | undefined) {
    this.#client = new FrameworkClient({ db, token: token ?? null });
  }

  /** Throws a promise until it is there, as React wants; an error goes to the browser, which asks for itself. */
  read(key: string, query: object): Answer {
    const asked = this.#asked.get(key) ?? this.#ask(key, query);
    if (asked.is === 'there') return asked.answer;

    throw asked.is === 'waiting' ? asked.promise : asked.error;
  }

  /** What has come since the last time. */
  takeUnsent(): readonly Parcel[] {
    const unsent = this.#unsent;
    this.#unsent = [];
    return unsent;
  }

  #ask(key: string, query: object): Asked {
    const promise = this.#answer(query).then(
      (answer) => {
        this.#asked.set(key, { is: 'there', answer });
        this.#unsent.push([key, answer]);
      },
      (error: unknown) => void this.#asked.set(key, { is: 'refused', error }),
    );
    const asked: Asked = { is: 'waiting', promise };
    this.#asked.set(key, asked);
    return asked;
  }

  async #answer(query: object): Promise<Answer> {
    const client = this.#client;
    const { triples, attrs, pageInfo } = await client.getTriplesAndAttrsForQuery(query as never);
    const result = client.completeIsomorphic(query as never, triples, attrs, pageInfo);
    return { data: result.data, pageInfo: result.pageInfo };
  }
}
