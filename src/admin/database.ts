// The database as a server uses it: `init`, and the calls on what it returns. What each call sends is decided in the modules beside this one.

/* eslint-disable @typescript-eslint/no-explicit-any -- a transaction may mix chunks of every namespace */

import { TriplaneError } from '../errors.ts';
import { endWithSignal } from '../lib/abort.ts';
import { asyncDispose } from '../lib/dispose.ts';
import { isObject } from '../lib/json.ts';
import { validateQuery } from '../query/validate.ts';
import type { AnySchemaDef, InstantUnknownSchema } from '../schema/schema.ts';
import { txInit } from '../transact/chunk.ts';
import { describeDenial } from '../transact/denial.ts';
import { opsOf, validateTransaction } from '../transact/operation.ts';
import type { RuleParams } from '../types/query.ts';
import type { InstaQLResponse } from '../types/result.ts';
import type { TransactionChunk, TxChunk } from '../types/transaction.ts';
import type { ValidQuery } from '../types/valid-query.ts';
import type { CallOpts } from './api.ts';
import { Auth } from './auth.ts';
import { callerHeaders, checkImpersonation, type ImpersonationOpts } from './caller.ts';
import { type InitConfig, type InstantConfig, type ResolvedConfig, resolveConfig } from './config.ts';
import { Context, Lifetime } from './context.ts';
import { actionsOn } from './denied-actions.ts';
import type { DebugCheckResult, DebugOpts, DebugTransactResult } from './debug-types.ts';
import { withDates } from './result.ts';
import { Rooms } from './rooms.ts';
import { Storage } from './storage.ts';
import { type Payload, QuerySubscription } from './subscription.ts';
import { Streams } from './streams.ts';
import type { SubscribeQueryCallback, SubscribeQueryResponse } from './subscription-types.ts';
import { adminVersions, sessionVersions } from './version.ts';
import { Webhooks } from './webhooks/webhooks.ts';

export type AdminQueryOpts = { ruleParams?: RuleParams } & CallOpts;

type Ops = ReturnType<typeof opsOf>;
type Chunks = TransactionChunk<any, any> | TransactionChunk<any, any>[];

export class InstantAdminDatabase<
  Schema extends AnySchemaDef,
  UseDates extends boolean = false,
  Config extends InstantConfig<Schema, UseDates> = InstantConfig<Schema, UseDates>,
> implements AsyncDisposable {
  /** What it was opened with, and every default. */
  readonly config: Omit<Config, 'appId' | 'apiURI' | 'adminToken'> & Pick<ResolvedConfig, 'appId' | 'apiURI' | 'adminToken'>;
  readonly impersonationOpts: ImpersonationOpts | undefined;
  readonly auth: Auth<Schema>;
  readonly storage: Storage;
  /** Text that others read while it is written. */
  readonly streams: Streams;
  readonly rooms: Rooms<Schema>;
  readonly webhooks: Webhooks<Schema>;
  /** Where chunks of a transaction begin. */
  readonly tx: TxChunk<Schema> = txInit<Schema>();
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
    this.config = context.config as unknown as typeof this.config;
    this.impersonationOpts = context.as;
    this.auth = new Auth<Schema>(context);
    this.storage = new Storage(context);
    this.streams = new Streams(context);
    this.rooms = new Rooms<Schema>(context);
    this.webhooks = new Webhooks<Schema>({ ...context.config, schema: context.config.schema as Schema | undefined });
  }

  /**
   * The same database, used in the name of a user or a guest: permission rules apply. Users by token, and guests, need no admin token.
   *
   * @returns a new database; this one is unchanged
   * @throws TriplaneError 'config-invalid' unless exactly one of email, token and guest is given
   * @example
   * await db.asUser({ email: 'ana@example.com' }).query({ goals: {} });
   */
  asUser = (opts: ImpersonationOpts): InstantAdminDatabase<Schema, UseDates, Config> => {
    const { config, lifetime } = this.#context;
    return new InstantAdminDatabase<Schema, UseDates, Config>(new Context(config, checkImpersonation(opts), lifetime));
  };

  /**
   * Reads once.
   *
   * @throws QueryValidationError if the query does not fit the schema; InstantAPIError; TriplaneError
   * @example
   * const { goals } = await db.query({ goals: { $: { where: { done: false } }, todos: {} } });
   */
  query = async <Q extends ValidQuery<Q, Schema>>(query: Q, opts: AdminQueryOpts = {}): Promise<InstaQLResponse<Schema, Q, UseDates>> => {
    const body = { query: this.#checked(query, opts.ruleParams), 'inference?': this.#hasSchema };
    const result = await this.#context.callAs({ method: 'POST', path: '/admin/query', body, isIdempotent: true, opts });
    return this.#read(result) as InstaQLResponse<Schema, Q, UseDates>;
  };

  /**
   * Reads, and receives every change of the result: by the callback, by `for await`, or both. A broken connection is opened again; an error
   * that no further attempt can mend ends the subscription and is its last payload.
   *
   * @throws QueryValidationError if the query does not fit the schema; TriplaneError 'config-invalid' without credentials
   * @example
   * for await (const payload of db.subscribeQuery({ goals: {} })) {
   *   if (payload.type === 'ok') console.log(payload.data.goals);
   * }
   */
  subscribeQuery<Q extends ValidQuery<Q, Schema>>(
    query: Q,
    cb?: SubscribeQueryCallback<Schema, Q, UseDates>,
    opts: AdminQueryOpts = {},
  ): SubscribeQueryResponse<Schema, Q, UseDates> {
    const { config, as, lifetime } = this.#context;
    lifetime.assertOpen();
    const headers = new Headers(opts.fetchOpts?.headers);
    const own = { ...adminVersions, 'content-type': 'application/json', ...callerHeaders(config, as) };
    for (const [name, value] of Object.entries(own)) headers.set(name, value);
    const body = { query: this.#checked(query, opts.ruleParams), 'inference?': this.#hasSchema, versions: sessionVersions };
    const subscription = new QuerySubscription(
      {
        ...config,
        url: `${config.apiURI}/admin/subscribe-query?local_connection_id=${config.random.uuid()}`,
        headers,
        body: JSON.stringify(body),
        init: opts.fetchOpts,
        // Called bare: a browser's `fetch` refuses to be a method of something else.
        fetch: config.fetch ?? ((...call) => fetch(...call)),
        read: (result) => this.#read(result),
      },
      cb && ((payload: Payload) => cb(payload as never)),
    );
    const close = (): void => subscription.close();
    const stops = [lifetime.onClose(close), endWithSignal(opts.signal, close), endWithSignal(opts.fetchOpts?.signal ?? undefined, close)];
    subscription.closing.addEventListener('abort', () => stops.forEach((stop) => stop()), { once: true });
    return subscription as unknown as SubscribeQueryResponse<Schema, Q, UseDates>;
  }

  /**
   * Writes: all of it, or nothing. It is sent once; after a timeout or a lost connection it is not known whether it was applied.
   *
   * @throws TransactionValidationError if it does not fit the schema; InstantAPIError; TriplaneError
   * @example
   * const goalId = id();
   * await db.transact([db.tx.goals[goalId].create({ title: 'Learn to swim' }), db.tx.todos[id()].create({ text: 'Goggles' }).link({ goal: goalId })]);
   */
  transact = async (chunks: Chunks, opts?: CallOpts): Promise<any> => {
    const steps = this.#steps(chunks);
    const body = { steps, 'throw-on-missing-attrs?': this.#hasSchema };
    try {
      return await this.#context.callAs({ method: 'POST', path: '/admin/transact', body, isIdempotent: false, opts });
    } catch (error) {
      throw describeDenial(error, (etype) => actionsOn(etype, steps));
    }
  };

  /**
   * Reads like `query`, and tells for every entity the query touches how the permission rules decided. Needs an admin token, and a user or
   * guest in whose name it is asked.
   *
   * @throws TriplaneError 'config-invalid' without `asUser`; InstantAPIError
   * @example
   * const { checkResults } = await db.asUser({ guest: true }).debugQuery({ goals: {} });
   */
  debugQuery = async <Q extends ValidQuery<Q, Schema>>(
    query: Q,
    opts: DebugOpts & { ruleParams?: RuleParams; cardinalityInference?: boolean } & CallOpts = {},
  ): Promise<{ result: InstaQLResponse<Schema, Q, UseDates>; checkResults: DebugCheckResult[] }> => {
    const inference = opts.cardinalityInference ?? this.#hasSchema;
    const body = { query: withRuleParams(query, opts.ruleParams), 'inference?': inference };
    const response = await this.#debug('/admin/query_perms_check', body, opts, true);
    const { result, 'check-results': checkResults } = isObject(response) ? response : {};
    return { result: this.#read(result) as InstaQLResponse<Schema, Q, UseDates>, checkResults: checkResults as DebugCheckResult[] };
  };

  /**
   * Tries a transaction, tells how the permission rules decided about each step, and rolls it back. Needs an admin token, and a user or guest
   * in whose name it is made.
   *
   * @throws TriplaneError 'config-invalid' without `asUser`; InstantAPIError
   * @example
   * const { allChecksOk } = await db.asUser({ guest: true }).debugTransact(db.tx.goals[id()].create({ title: 'x' }));
   */
  debugTransact = async (chunks: Chunks, opts: DebugOpts & CallOpts = {}): Promise<DebugTransactResult> => {
    const { __dangerouslyCommit: isCommitted } = opts as { readonly __dangerouslyCommit?: boolean };
    const body = { steps: stepsOf(chunks), ...(isCommitted !== undefined && { 'dangerously-commit-tx': isCommitted }) };
    const response = (await this.#debug('/admin/transact_perms_check', body, opts, false)) as DebugTransactResult;
    return {
      ...response,
      txId: response['tx-id'],
      allChecksOk: response['all-checks-ok?'] ?? false,
      committed: response['committed?'] ?? false,
      checkResults: response['check-results'] ?? [],
    };
  };

  /** Ends subscriptions and streams, for what `asUser` returned too. Later calls reject with code 'closed'. */
  close(): Promise<void> {
    return this.#context.lifetime.close();
  }

  [asyncDispose](): Promise<void> {
    return this.close();
  }

  get #hasSchema(): boolean {
    return Boolean(this.#context.config.schema);
  }

  #checked(query: unknown, ruleParams: RuleParams | undefined): unknown {
    const { disableValidation, schema } = this.#context.config;
    if (!disableValidation) validateQuery(query, schema);
    return withRuleParams(query, ruleParams);
  }

  #steps(chunks: Chunks): Ops {
    const { disableValidation, schema } = this.#context.config;
    if (!disableValidation) validateTransaction(chunks, schema);
    return stepsOf(chunks);
  }

  #read(result: unknown): unknown {
    const { schema, useDateObjects } = this.#context.config;
    return schema && useDateObjects ? withDates(schema, result) : result;
  }

  #debug(path: string, body: object, opts: DebugOpts & CallOpts, isIdempotent: boolean): Promise<unknown> {
    const { as, config } = this.#context;
    const remedy = !as ? 'use `db.asUser(…)` first' : config.adminToken === undefined ? 'pass `adminToken` to `init`' : undefined;
    if (remedy) {
      const message = `Debugging permissions needs an admin token and a user or guest to check them for: ${remedy}`;
      return Promise.reject(new TriplaneError('config-invalid', message));
    }
    const overrides = {
      ...(opts.rules !== undefined && { 'rules-override': opts.rules as unknown }),
      ...(opts.ip && { 'ip-override': opts.ip }),
      ...(opts.origin && { 'origin-override': opts.origin }),
    };
    return this.#context.callAs({ method: 'POST', path, body: { ...body, ...overrides }, isIdempotent, opts });
  }
}

function withRuleParams(query: unknown, ruleParams: RuleParams | undefined): unknown {
  return ruleParams ? { $$ruleParams: ruleParams, ...(query as object) } : query;
}

/** Operations are sent as they were built: the server makes steps of them. */
function stepsOf(chunks: Chunks): Ops {
  return opsOf(chunks);
}

/**
 * Opens the database of an app for a server. Ids and tokens that are not passed are read from the environment: `INSTANT_APP_ID`,
 * `INSTANT_APP_ADMIN_TOKEN`, `INSTANT_API_URI`.
 *
 * @throws TriplaneError 'config-invalid', with what to do about it
 * @example
 * const db = init({ appId: '7b1c2d3e-4f50-4a61-8b72-9c83ad94be05', adminToken: process.env.INSTANT_APP_ADMIN_TOKEN, schema });
 */
export function init<Schema extends AnySchemaDef = InstantUnknownSchema, UseDates extends boolean = false>(
  config: InitConfig<Schema, UseDates> = {},
): InstantAdminDatabase<Schema, UseDates> {
  const resolved = resolveConfig(config);
  return new InstantAdminDatabase<Schema, UseDates>(new Context(resolved, undefined, new Lifetime()));
}
