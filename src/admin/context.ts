// What the parts of one database share: the configuration, in whose name calls are made, and what is to end with it.

import { TriplaneError } from '../errors.ts';
import { onAbort } from '../lib/abort.ts';
import type { ApiCall } from './api.ts';
import { callApi } from './api.ts';
import { adminHeaders, callerHeaders, type Headers, type ImpersonationOpts } from './caller.ts';
import type { ResolvedConfig } from './config.ts';
import { ruleErrorsIn } from './rule-errors.ts';

/** Shared by a database and all that `asUser` returns. */
export class Lifetime {
  readonly #ending = new AbortController();
  readonly #waits = new Set<Promise<unknown>>();

  /** Aborted by `close`. */
  get closing(): AbortSignal {
    return this.#ending.signal;
  }

  /** @throws TriplaneError 'closed' */
  assertOpen(): void {
    this.#ending.signal.throwIfAborted();
  }

  /** `end` is called when the database is closed. Returns a function that forgets it. */
  onClose(end: () => void): () => void {
    return onAbort(this.#ending.signal, end);
  }

  /** `close` waits for it. */
  track(work: Promise<unknown>): void {
    const ignore = (): void => {};
    const settled = work.then(ignore, ignore);
    this.#waits.add(settled);
    void settled.then(() => this.#waits.delete(settled));
  }

  async close(): Promise<void> {
    this.#ending.abort(new TriplaneError('closed', 'The database was closed'));
    await Promise.all(this.#waits);
  }
}

export class Context {
  readonly config: ResolvedConfig;
  readonly as: ImpersonationOpts | undefined;
  readonly lifetime: Lifetime;

  constructor(config: ResolvedConfig, as: ImpersonationOpts | undefined, lifetime: Lifetime) {
    this.config = config;
    this.as = as;
    this.lifetime = lifetime;
  }

  /** A call that honours impersonation. */
  async callAs(call: ApiCall): Promise<unknown> {
    return this.#call(call, callerHeaders(this.config, this.as));
  }

  /** A call that needs the admin token, whoever is impersonated. */
  async callAsAdmin(call: ApiCall): Promise<unknown> {
    return this.#call(call, adminHeaders(this.config));
  }

  /** A call without credentials. */
  async callAsNobody(call: ApiCall): Promise<unknown> {
    return this.#call(call, {});
  }

  #call(call: ApiCall, headers: Headers): Promise<unknown> {
    const { appId, onError } = this.config;
    const query = { app_id: appId, ...call.query };
    const received = (answered: globalThis.Headers): void => ruleErrorsIn(answered).forEach(onError);
    return callApi(
      { ...this.config, closing: this.lifetime.closing },
      { ...call, query, received, headers: { ...call.headers, ...headers } },
    );
  }
}
