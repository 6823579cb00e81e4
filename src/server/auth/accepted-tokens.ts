// Refresh tokens issued by the app's previous host that a backup did not include: each is verified there once and accepted by this server
// from then on. A token revoked here is never verified again, which would undo a sign-out.

import { isObject } from '../../lib/json.ts';
import type { Log } from '../../lib/log.ts';
import { isUuid } from '../../lib/uuid.ts';
import { submit, whenDurable } from '../data/submit.ts';
import { serverActor } from '../data/system-rules.ts';
import type { LedgerState, Planned } from '../data/write.ts';
import type { Outbound } from '../outbound.ts';
import type { App } from '../session/app.ts';
import { hashToken } from './secrets.ts';
import { newUserSteps } from './signup.ts';
import { hasToken, withToken } from './tokens.ts';
import { readEmail, userByEmail, userRow } from './users.ts';

export interface AcceptedTokensConfig {
  /** URL of the previous host, without a trailing slash. */
  readonly from: string;
  /** An HTTP client with a time-out. */
  readonly outbound: Outbound;
  readonly log: Log;
}

interface OldUser {
  readonly id: string;
  readonly email: string | undefined;
  readonly isGuest: boolean;
  readonly imageURL: string | undefined;
}

const askedPrefix = 'asked-token ';
/** Concurrent requests to the previous host; queued tokens, beyond which a token counts as unknown for now; remembered unknown tokens. */
const [atOnce, maxWaiting, maxUnknown] = [8, 1000, 10_000];

export class AcceptedTokens {
  readonly #config: AcceptedTokensConfig;
  readonly #asking = new Map<string, Promise<void>>();
  readonly #waiting: (() => void)[] = [];
  /** Tokens the previous host does not know. Kept in memory, so that invented tokens do not fill the log. */
  readonly #unknown = new Set<string>();
  #running = 0;

  constructor(config: AcceptedTokensConfig) {
    this.#config = config;
  }

  /** Resolves when the token is known here or will not be. Never rejects. */
  async accept(app: App, token: string): Promise<void> {
    if (!isUuid(token)) return;
    const name = `${app.id} ${hashToken(token)}`;
    const known = this.#asking.get(name);
    if (known) return known;
    if (this.#unknown.has(name)) return;
    if (this.#asking.size >= maxWaiting) return;
    const asking = this.#acceptOnce(app, token).catch((error: unknown) =>
      this.#config.log.warn('a token could not be checked with the old host', error),
    );
    this.#asking.set(name, asking);
    await asking;
    this.#asking.delete(name);
  }

  /** Tokens revoked here, by sign-out or deletion of the user. */
  readonly ended = (app: App, hashes: readonly string[]): void => {
    const records = Object.fromEntries(hashes.map((hash) => [askedPrefix + hash, true]));
    void submit(app.ledger, { steps: () => ({ steps: [], records }), event: undefined, actor: serverActor }).catch((error: unknown) =>
      this.#config.log.error('the end of a token could not be stored', error),
    );
  };

  async #acceptOnce(app: App, token: string): Promise<void> {
    const hash = hashToken(token);
    const isKnown = (): boolean => hasToken(app.ledger.records, hash) || app.ledger.records.has(askedPrefix + hash);
    if (await whenDurable(app.ledger, isKnown)) return;
    const user = await this.#inTurn(() => this.#ask(app.id, token));
    if (user === 'unreachable') return;
    if (!user) return this.#remember(`${app.id} ${hash}`);
    const steps = (state: LedgerState): Planned => {
      const asked = { [askedPrefix + hash]: true };
      if (state.records.has(askedPrefix + hash)) return { steps: [] };
      const plan = planFor(state, user);
      return plan ? { steps: plan, records: { ...asked, ...withToken(token, user.id, state.at) } } : { steps: [], records: asked };
    };
    await submit(app.ledger, { steps, event: undefined, actor: serverActor });
  }

  #remember(name: string): void {
    const [oldest] = this.#unknown;
    if (this.#unknown.size >= maxUnknown && oldest !== undefined) this.#unknown.delete(oldest);
    this.#unknown.add(name);
  }

  async #inTurn<T>(run: () => Promise<T>): Promise<T> {
    if (this.#running >= atOnce) await new Promise<void>((go) => this.#waiting.push(go));
    this.#running++;
    try {
      return await run();
    } finally {
      this.#running--;
      this.#waiting.shift()?.();
    }
  }

  /** Undefined: the previous host does not know the token. */
  async #ask(appId: string, token: string): Promise<OldUser | 'unreachable' | undefined> {
    const { from, outbound, log } = this.#config;
    const body = JSON.stringify({ 'app-id': appId, 'refresh-token': token });
    try {
      const response = await outbound(`${from}/runtime/auth/verify_refresh_token`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      });
      if (response.status === 429 || response.status >= 500) return 'unreachable';
      if (!response.ok) return undefined;
      return readUser(await response.json());
    } catch (error) {
      log.warn(`${from} could not be asked about a token: its user has to sign in again`, error);
      return 'unreachable';
    }
  }
}

function readUser(answer: unknown): OldUser | undefined {
  const user = isObject(answer) ? answer.user : undefined;
  if (!isObject(user) || !isUuid(user.id)) return undefined;
  const imageURL = typeof user.imageURL === 'string' ? user.imageURL : undefined;
  return { id: user.id.toLowerCase(), email: readEmail(user.email), isGuest: user.isGuest === true || user.type === 'guest', imageURL };
}

/** Undefined if the user cannot be created here because another user has the address. */
function planFor({ db }: LedgerState, { id, email, isGuest, imageURL }: OldUser): unknown[][] | undefined {
  if (userRow(db, id)) return [];
  if (email !== undefined && userByEmail(db, email)) return undefined;
  const optional = { ...(email !== undefined && { email }), ...(imageURL !== undefined && { imageURL }) };
  return newUserSteps(db, { id, type: isGuest ? 'guest' : 'user', ...optional });
}
