// Users, codes and tokens of one app: all ways to sign in and out. Each call is one transaction, so a code is accepted only once even in a
// race.

import type { Clock } from '../../lib/clock.ts';
import { denied, invalid, recordExpired, recordNotFound } from '../errors.ts';
import type { App } from '../session/app.ts';
import type { Records } from '../storage/storage.ts';
import { submit, whenDurable } from '../data/submit.ts';
import { asSignInHasIt, serverActor } from '../data/system-rules.ts';
import type { LedgerState } from '../data/write.ts';
import { InstantAPIError } from '../../errors.ts';
import { isObject } from '../../lib/json.ts';
import { find, findOne, type Selector, type UserSelector } from './selectors.ts';
import { networkOf } from '../client-address.ts';
import { appRecordOf } from '../session/app-record.ts';
import { hasSentCode, spendCode, withCode } from './codes.ts';
import { isKnownNetwork, withNetwork } from './known-networks.ts';
import { SignInLimits } from './sign-in-limits.ts';
import type { Identity } from './oauth/providers.ts';
import { newCode, newToken } from './secrets.ts';
import { type Profile, checkExtraFields, checkSignup, newUserSteps, userSteps } from './signup.ts';
import { tokenOwner, withToken, withoutToken, withoutTokensOf } from './tokens.ts';
import { type AppUser, isGuest, userByEmail, userOf, userRow } from './users.ts';

export interface SignedIn {
  readonly user: AppUser;
  readonly created: boolean;
}

export interface SignInOptions {
  readonly extraFields?: Readonly<Record<string, unknown>> | undefined;
  /** A guest's token: the guest becomes the user, or is linked to an existing one. */
  readonly guestToken?: string | undefined;
  /** Whether the app's rule for new users does not apply. */
  readonly isTrusted?: boolean;
  /** The client's address; missing for the app's own server. */
  readonly from?: string;
  readonly origin?: string | undefined;
}

const minuteMs = 60_000;
const defaultCodeMinutes = 10;

interface Plan<T> {
  readonly steps?: readonly (readonly unknown[])[];
  readonly records?: Records;
  /** The return value, once it is durable. */
  readonly then: (state: LedgerState) => T;
}

export class Accounts {
  readonly #app: App;
  readonly #limits: SignInLimits;
  readonly #clock: Clock;

  constructor(app: App, clock: Clock) {
    this.#app = app;
    this.#clock = clock;
    this.#limits = new SignInLimits(app, clock);
  }

  /**
   * Creates a code that is to be sent to the address. `from`: the client that requested it, '' for the app's own server.
   *
   * @returns undefined if others used up the codes of the address, and one that they had sent there is still valid
   * @throws InstantAPIError 'rate-limited'
   */
  async codeToSend(email: string, from: string): Promise<string | undefined> {
    const { ledger } = this.#app;
    const network = networkOf(from);
    const isKnown = await whenDurable(ledger, () => isKnownNetwork(ledger, email, network));
    const refusal = await this.#limits.send(email, { network, isKnown });
    if (!refusal) return this.makeCode(email, network);
    const isSent = await whenDurable(ledger, () => {
      const { records } = ledger;
      return hasSentCode(records, { email, network, isKnown, now: this.#clock.now(), ttlMs: codeTtlMs(records) });
    });
    if (!isSent) throw refusal;
    return undefined;
  }

  /** Creates a code, whatever the limits. */
  makeCode(email: string, network = ''): Promise<string> {
    const code = newCode();
    return this.#run(({ records, at, now }) => {
      return { records: withCode(records, { email, code, network, at, now, ttlMs: codeTtlMs(records) }), then: () => code };
    });
  }

  /** App details used in a mail with a code. */
  codeText(): { readonly title: string; readonly minutes: number } {
    const { title = 'Triplane', codeMinutes = defaultCodeMinutes } = appRecordOf(this.#app.ledger.records) ?? {};
    return { title, minutes: codeMinutes };
  }

  async signInByCode(email: string, code: string, options: SignInOptions & { readonly from: string }): Promise<SignedIn> {
    const network = networkOf(options.from);
    // Without the code: a wrong one may be right for another address.
    const lookedUp = { 'app-id': this.#app.id, email };
    await this.#limits.try(email, network);
    const wrong = (): Error => {
      this.#limits.wrong(network);
      return recordNotFound('app-user-magic-code', lookedUp);
    };
    const outcome = await this.#run<SignedIn | 'expired' | 'wrong'>((state) => {
      const { records, at, now } = state;
      const isKnown = isKnownNetwork(state, email, network);
      const spent = spendCode(records, { email, code: code.trim(), network, isKnown, at, now, ttlMs: codeTtlMs(records) });
      // Removes expired codes as well, and counts a wrong try.
      const { is } = spent;
      if (is !== 'good') return { records: spent.records, then: () => is };
      const plan = this.#signIn(state, email, { ...options, network });
      return { ...plan, records: { ...spent.records, ...plan.records } };
    }).catch((error: unknown) => {
      if (isNoCode(error)) throw wrong();
      throw error;
    });
    if (outcome === 'wrong') throw wrong();
    if (outcome !== 'expired') return outcome;
    throw recordExpired('app-user-magic-code', lookedUp);
  }

  /**
   * Signs in by an identity at a provider: the user with this identity, else the user with its address, who is then linked to it, else a
   * new user. `reuseToken`: continues a session of the same user.
   */
  signInByIdentity(identity: Identity, options: SignInOptions & { readonly reuseToken?: boolean } = {}): Promise<SignedIn> {
    return this.#run((state) => this.#signInByIdentity(state, identity, options));
  }

  async signInGuest({ extraFields, ...options }: SignInOptions = {}): Promise<SignedIn> {
    await this.#limits.guest(networkOf(options.from ?? ''));
    return this.#run((state) => this.#create(state, { id: newToken(), type: 'guest', extraFields }, options));
  }

  /** Creates a token for a user, who is created if missing. */
  createToken({ id, email }: UserSelector, extraFields?: SignInOptions['extraFields']): Promise<SignedIn> {
    return this.#run((state) => {
      const [byEmail, byId] = [
        email === undefined ? undefined : find(state, { email }),
        id === undefined ? undefined : find(state, { id }),
      ];
      const isOneUser = email === undefined || id === undefined || (byEmail === undefined ? byId === undefined : byEmail === id);
      if (!isOneUser) throw invalid('user-lookup', { id, email }, [{ message: 'the email and the id belong to different users' }]);
      const known = byEmail ?? byId;
      if (known !== undefined) return this.#issueToken(state, known, false);
      return this.#create(state, { id: id ?? newToken(), ...(email !== undefined && { email }), extraFields }, { isTrusted: true });
    });
  }

  /** @throws InstantAPIError if the token is unknown */
  verifyToken(token: string): Promise<AppUser> {
    const { ledger, id } = this.#app;
    return whenDurable(ledger, () => {
      const owner = tokenOwner(ledger.records, token);
      const row = owner === undefined ? undefined : userRow(ledger.db, owner);
      if (!row) throw this.#noUser();
      return userOf(ledger.db, row, id, token);
    });
  }

  get(selector: Selector): Promise<AppUser | undefined> {
    const { ledger, id } = this.#app;
    return whenDurable(ledger, () => {
      const found = find(ledger, selector);
      const row = found === undefined ? undefined : userRow(ledger.db, found);
      return row && userOf(ledger.db, row, id);
    });
  }

  /** All that is given must select the same user. @throws InstantAPIError */
  delete(selectors: readonly Selector[]): Promise<AppUser | undefined> {
    return this.#run((state) => {
      const found = findOne(state, selectors);
      const row = found === undefined ? undefined : userRow(state.db, found);
      if (!row) return { then: () => undefined };
      const user = userOf(state.db, row, this.#app.id);
      return { steps: [['delete-entity', row.id, '$users']], records: withoutTokensOf(state.records, row.id), then: () => user };
    });
  }

  /** By token: revokes that one. By user: revokes all tokens. The first selector counts; the others must select the same user. */
  signOut(selectors: readonly [Selector, ...Selector[]]): Promise<void> {
    const [selector] = selectors;
    return this.#run((state) => {
      findOne(state, selectors);
      if ('token' in selector) return { records: withoutToken(selector.token), then: () => undefined };
      const id = 'id' in selector ? selector.id : find(state, selector);
      if (id === undefined) throw this.#noUser('email' in selector ? { email: selector.email } : {});
      return { records: withoutTokensOf(state.records, id), then: () => undefined };
    });
  }

  async #run<T>(make: (state: LedgerState) => Plan<T>): Promise<T> {
    const { ledger } = this.#app;
    let plan: Plan<T> | undefined;
    const steps = (state: LedgerState): { steps: readonly (readonly unknown[])[]; records: Records | undefined } => {
      plan = make(state);
      return { steps: plan.steps ?? [], records: plan.records };
    };
    await submit(ledger, { steps, event: undefined, actor: serverActor });
    if (!plan) throw new Error('a transaction was done that was never made');
    const { then } = plan;
    return whenDurable(ledger, () => then({ db: ledger.db, records: ledger.records, at: 0, now: 0 }));
  }

  #signIn(state: LedgerState, email: string, options: SignInOptions & { readonly network: string }): Plan<SignedIn> {
    const { extraFields, guestToken, network } = options;
    const guest = guestToken === undefined ? undefined : this.#guest(state, guestToken);
    const known = userByEmail(state.db, email);
    const id = known?.id ?? guest ?? newToken();
    const plan = known ? this.#issueToken(state, id, false) : this.#create(state, { id, email, type: 'user', extraFields }, options);
    const records = { ...plan.records, ...withNetwork(state, id, network) };
    if (!known) return { ...plan, records };
    const link = state.db.attrs.forward('$users', 'linkedPrimaryUser');
    return { ...plan, records, ...(guest !== undefined && link && { steps: [['add-triple', guest, link.id, id]] }) };
  }

  #signInByIdentity(state: LedgerState, identity: Identity, options: SignInOptions & { readonly reuseToken?: boolean }): Plan<SignedIn> {
    const { db, records } = state;
    const { imageURL } = identity;
    const email = asSignInHasIt(identity.email ?? '') || undefined;
    const { extraFields, guestToken, reuseToken = false } = options;
    const guest = guestToken === undefined ? undefined : this.#guest(state, guestToken);
    const linkedId = records.get(identityName(identity));
    const linked = typeof linkedId === 'string' ? userRow(db, linkedId)?.id : undefined;
    const known = (email === undefined ? undefined : userByEmail(db, email)?.id) ?? linked;
    if (known === undefined) {
      const id = guest ?? newToken();
      const profile = {
        id,
        type: 'user',
        ...(email !== undefined && { email }),
        ...(imageURL !== undefined && { imageURL }),
        extraFields,
      } as const;
      const plan = this.#create(state, profile, options);
      return { ...plan, records: { ...plan.records, [identityName(identity)]: id } };
    }
    const isSame = reuseToken && guestToken !== undefined && tokenOwner(records, guestToken) === known;
    const plan = isSame ? this.#resume(known, guestToken) : this.#issueToken(state, known, false);
    const link = db.attrs.forward('$users', 'linkedPrimaryUser');
    const steps = [
      ...userSteps(db, { id: known, ...(email !== undefined && { email }), ...(imageURL !== undefined && { imageURL }) }),
      ...(guest !== undefined && guest !== known && link ? [['add-triple', guest, link.id, known]] : []),
    ];
    return { ...plan, steps, records: { ...plan.records, [identityName(identity)]: known } };
  }

  #resume(id: string, token: string): Plan<SignedIn> {
    const then = ({ db }: LedgerState): SignedIn => {
      const row = userRow(db, id);
      if (!row) throw this.#noUser();
      return { user: userOf(db, row, this.#app.id, token), created: false };
    };
    return { then };
  }

  /** The token's user, if that is a guest. */
  #guest({ db, records }: LedgerState, token: string): string | undefined {
    const owner = tokenOwner(records, token);
    const row = owner === undefined ? undefined : userRow(db, owner);
    if (!row) throw this.#noUser();
    return isGuest(db, row) ? row.id : undefined;
  }

  /** `by`: what was looked up by, if it is no token. */
  #noUser(by: object = {}): Error {
    return recordNotFound('app-user', { 'app-id': this.#app.id, ...by });
  }

  #create(state: LedgerState, profile: Profile, { isTrusted, from: ip, origin }: SignInOptions): Plan<SignedIn> {
    checkExtraFields(state.db, profile.extraFields);
    const mayCreate = isTrusted || checkSignup(this.#app.rulebook.guard, state.db, profile, { ip, origin });
    if (!mayCreate) throw denied('$users', 'not perms-pass?', 'create');
    const steps = newUserSteps(state.db, profile);
    return { ...this.#issueToken(state, profile.id, true), steps };
  }

  #issueToken({ at }: LedgerState, id: string, created: boolean): Plan<SignedIn> {
    const token = newToken();
    const then = ({ db }: LedgerState): SignedIn => {
      const row = userRow(db, id);
      if (!row) throw this.#noUser();
      return { user: userOf(db, row, this.#app.id, token), created };
    };
    return { records: withToken(token, id, at), then };
  }
}

function codeTtlMs(records: ReadonlyMap<string, unknown>): number {
  return (appRecordOf(records)?.codeMinutes ?? defaultCodeMinutes) * minuteMs;
}

function isNoCode(error: unknown): boolean {
  const hint = error instanceof InstantAPIError ? error.body.hint : undefined;
  return isObject(hint) && hint['record-type'] === 'app-user-magic-code';
}

const identityName = ({ provider, sub }: Identity): string => `identity ${provider} ${sub}`;
