// Webhooks: `db.webhooks`. Receiving them needs no credentials: a signature shows that a request comes from the server, and its body holds the
// token for the records.

import { TriplaneError } from '../../errors.ts';
import { untilAborted } from '../../lib/abort.ts';
import { systemClock } from '../../lib/clock.ts';
import { consoleLog } from '../../lib/log.ts';
import { systemRandom } from '../../lib/random.ts';
import type { AnySchemaDef, InstantUnknownSchema } from '../../schema/schema.ts';
import { type ApiConfig, callApi, type CallOpts } from '../api.ts';
import { readAddress } from '../config.ts';
import { WebhooksManager } from './manager.ts';
import { headerOf, type NodeRequest, type NodeResponse, rawBodyOf } from './node-request.ts';
import { dispatch, readPayload, webhookHelpers } from './payload.ts';
import { checkAge, invalid, parseBody, parseSignature, verifySignature } from './signature.ts';
import { type SigningKey, signingKeysOf } from './signing-keys.ts';
import type { WebhookBody, WebhookHandlers, WebhookHelpers, WebhookPayload, WithAuth } from './types.ts';

export type WebhooksConfig<Schema extends AnySchemaDef> = Partial<ApiConfig> & {
  appId?: string | null | undefined;
  adminToken?: string | null | undefined;
  /** In place of an admin token. */
  token?: string | null | undefined;
  apiURI?: string | null | undefined;
  schema?: Schema | null | undefined;
  withAuth?: WithAuth | undefined;
  /** Receives what a handler throws, where the answer to the request cannot tell. */
  onError?: ((error: Error) => void) | undefined;
};

export type ValidateOpts = {
  /** How old a signature may be, in seconds: 300 unless set. */
  maxAgeSeconds?: number | null | undefined;
  /** The same. */
  tolerance?: number | null | undefined;
  /** When the request arrived: now, unless set. */
  receivedAt?: Date | null | undefined;
} & CallOpts;

type Body = string | Uint8Array;

const defaultMaxAgeSeconds = 300;

export class Webhooks<Schema extends AnySchemaDef> {
  readonly appId: string | null | undefined;
  readonly schema: Schema | null | undefined;
  /** The server whose signatures are accepted. */
  readonly apiURI: string;
  /** Adds, changes and inspects webhooks. */
  readonly manager: WebhooksManager<Schema>;
  readonly #api: ApiConfig;
  readonly #onError: (error: Error) => void;

  /** Typed handlers for a schema. */
  static helpers<Schema extends AnySchemaDef = InstantUnknownSchema>(): WebhookHelpers<Schema> {
    return webhookHelpers<Schema>();
  }

  /** @throws TriplaneError 'config-invalid' */
  constructor(config: WebhooksConfig<Schema>) {
    const { appId, adminToken, token, withAuth, clock = systemClock, random = systemRandom, retries = 3, timeoutMs = 60_000 } = config;
    this.appId = appId;
    this.schema = config.schema;
    this.apiURI = readAddress(config.apiURI || 'https://api.instantdb.com');
    this.#api = {
      apiURI: this.apiURI,
      clock,
      random,
      retries,
      timeoutMs,
      ...(config.fetch && { fetch: config.fetch }),
      closing: config.closing,
    };
    this.#onError = config.onError ?? ((error) => consoleLog.error(error));
    this.manager = new WebhooksManager<Schema>({ ...this.#api, appId, token: adminToken || token, withAuth });
  }

  /**
   * Typed handlers for the schema of this database.
   *
   * @example
   * const { typedHandlers, combineHandlers } = db.webhooks.helpers();
   */
  helpers(): WebhookHelpers<Schema> {
    return webhookHelpers<Schema>();
  }

  /** The public keys of the server. */
  fetchJwks(opts?: CallOpts): Promise<unknown> {
    return callApi(this.#api, { method: 'GET', path: '/.well-known/webhooks/jwks.json', isIdempotent: true, opts });
  }

  /** The key with an id, from the cache or the server. @throws TriplaneError 'signature-invalid' if the server has no such key */
  keyOfKid(kid: string, opts?: CallOpts): Promise<SigningKey> {
    const key = signingKeysOf(this.apiURI).get(this.apiURI, kid, () => this.fetchJwks(opts));
    // It may be waiting for another caller's request.
    return untilAborted(key, opts?.signal);
  }

  /**
   * Checks that a request was signed by the server, and not too long ago.
   *
   * @param body the raw body, or a function that reads it
   * @throws TriplaneError 'signature-invalid'; InstantAPIError if the keys of the server cannot be fetched
   * @example
   * const body = await db.webhooks.validate(request.headers.get('instant-signature'), await request.text());
   */
  async validate(
    signatureHeader: string | null | undefined,
    body: Body | (() => Promise<Body>),
    opts?: ValidateOpts | null,
  ): Promise<WebhookBody> {
    const signature = parseSignature(signatureHeader);
    checkAge(signature, opts?.receivedAt ?? new Date(), opts?.maxAgeSeconds ?? opts?.tolerance ?? defaultMaxAgeSeconds);
    const key = await this.keyOfKid(signature.kid, opts ?? undefined);
    const raw = typeof body === 'function' ? await body() : body;
    const bytes = typeof raw === 'string' ? new TextEncoder().encode(raw) : raw;
    await verifySignature(signature, key, bytes);
    return parseBody(bytes);
  }

  /**
   * `validate`, for a `Request`.
   *
   * @throws TriplaneError 'signature-invalid'
   * @example
   * const body = await db.webhooks.validateRequest(request);
   */
  async validateRequest(req: Request, opts?: ValidateOpts | null): Promise<WebhookBody> {
    return this.validate(req.headers.get('instant-signature'), async () => new Uint8Array(await req.arrayBuffer()), opts);
  }

  /**
   * The records of an event.
   *
   * @throws InstantAPIError for a token that has expired or belongs to another event
   * @example
   * const payload = await db.webhooks.fetchPayloads(body);
   */
  async fetchPayloads({ payloadUrl, token }: WebhookBody, opts?: CallOpts): Promise<WebhookPayload<Schema>> {
    if (!/^https?:\/\//.test(payloadUrl)) throw new TriplaneError('config-invalid', 'payloadUrl must be an http(s) URL');
    const { origin, pathname, search } = new URL(payloadUrl);
    const headers = { authorization: `Bearer ${token}`, accept: 'application/json' };
    const call = { method: 'GET', path: `${pathname}${search}`, headers, isIdempotent: true, opts } as const;
    return readPayload<Schema>(await callApi({ ...this.#api, apiURI: origin }, call));
  }

  /**
   * Calls the most specific handler of each record: of its namespace and action, of its namespace's `$default`, of the top-level `$default`.
   * Records without a handler are skipped. Handlers run at the same time.
   *
   * @throws the first failure of a handler, once all have ended
   * @example
   * await db.webhooks.processPayload({ goals: { create: (record) => index(record.after) } }, payload);
   */
  async processPayload(handlers: WebhookHandlers<Schema>, payload: WebhookPayload<Schema>): Promise<void> {
    await dispatch(handlers, payload);
  }

  /**
   * All of it for a `Request`: checks it, fetches the records, calls the handlers. The program answers.
   *
   * @throws TriplaneError 'signature-invalid', and what the steps throw: answer with a status that is not 2xx, and the server tries again
   * @example
   * export async function POST(request: Request) {
   *   await db.webhooks.processRequest(handlers, request);
   *   return new Response('ok');
   * }
   */
  async processRequest(handlers: WebhookHandlers<Schema>, req: Request, opts?: ValidateOpts | null): Promise<void> {
    await this.#process(handlers, await this.validateRequest(req, opts), opts);
  }

  /**
   * The same for Express, Koa, Nest and others that pass Node's requests. The raw body is needed: do not parse JSON on this route.
   *
   * @param opts `body`: the raw body, or a promise of it, where the framework keeps it elsewhere
   * @example
   * app.post('/hook', express.raw({ type: 'application/json' }), async (req, res) => {
   *   await db.webhooks.processNodeRequest(handlers, req);
   *   res.end();
   * });
   */
  async processNodeRequest(
    handlers: WebhookHandlers<Schema>,
    req: NodeRequest,
    opts?: ({ body?: unknown } & ValidateOpts) | null,
  ): Promise<void> {
    const raw = { isReserialized: false };
    const read = async (): Promise<Uint8Array> => {
      const { bytes, isReserialized } = await rawBodyOf(req, opts?.body);
      raw.isReserialized = isReserialized;
      return bytes;
    };
    const body = await this.validate(headerOf(req, 'instant-signature'), read, opts).catch((error: unknown) => {
      if (!raw.isReserialized || !isInvalidSignature(error)) throw error;
      throw invalid('The webhook signature does not match the body, which was parsed before. Give this route the raw body', {
        hint: error.hint,
      });
    });
    await this.#process(handlers, body, opts);
  }

  /**
   * A handler of `Request`s that also answers: 200, 401 for a signature that is not valid, 500 if a handler failed, so that the server tries
   * again.
   *
   * @example
   * export const POST = db.webhooks.requestHandler(handlers);
   */
  requestHandler(handlers: WebhookHandlers<Schema>, opts?: ValidateOpts | null): (req: Request) => Promise<Response> {
    return async (req) => {
      const [status, body] = await this.#answer(() => this.processRequest(handlers, req, opts));
      return Response.json(body, { status });
    };
  }

  /**
   * The same for Express and others that pass Node's requests and responses.
   *
   * @example
   * app.post('/hook', express.raw({ type: 'application/json' }), db.webhooks.nodeHandler(handlers));
   */
  nodeHandler(handlers: WebhookHandlers<Schema>, opts?: ValidateOpts | null): (req: NodeRequest, res: NodeResponse) => Promise<void> {
    return async (req, res) => {
      const [status, body] = await this.#answer(() => this.processNodeRequest(handlers, req, opts));
      res.statusCode = status;
      res.setHeader('content-type', 'application/json');
      res.end(JSON.stringify(body));
    };
  }

  async #process(handlers: WebhookHandlers<Schema>, body: WebhookBody, opts: CallOpts | null | undefined): Promise<void> {
    await dispatch(handlers, await this.fetchPayloads(body, opts ?? undefined));
  }

  async #answer(run: () => Promise<void>): Promise<readonly [status: number, body: object]> {
    try {
      await run();
      return [200, { ok: true }];
    } catch (error) {
      if (isInvalidSignature(error)) return [401, { ok: false, error: error.message }];
      this.#onError(error instanceof Error ? error : new Error(String(error)));
      return [500, { ok: false, error: 'The webhook could not be processed' }];
    }
  }
}

function isInvalidSignature(error: unknown): error is TriplaneError {
  return error instanceof TriplaneError && error.code === 'signature-invalid';
}
