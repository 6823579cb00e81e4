// The platform's tokens: read without checking their signature, and renewed before they expire.

import { type Clock, systemClock } from '../lib/clock.ts';
import { decodeJwt } from '../rooms/jwt.ts';
import { InvalidArgumentError } from '../rooms/room-error.ts';

export interface TokenClaims {
  readonly sub?: string;
  /** The application. */
  readonly aud?: string;
  readonly iss?: string;
  /** Seconds since 1970. */
  readonly exp?: number;
  readonly iat?: number;
  readonly permissions?: readonly string[];
  readonly [claim: string]: unknown;
}

/**
 * The claims of a token. Its signature is not checked.
 *
 * @throws InvalidArgumentError if it is not a JSON Web Token
 */
export function decodeToken(token: string): TokenClaims {
  const claims = decodeJwt(token);
  if (!claims) throw new InvalidArgumentError('This is not a JSON Web Token');
  return claims;
}

/** Milliseconds until the token expires; negative if it has expired, Infinity if it never does. */
export function tokenExpiresInMs(token: string, now: number = Date.now()): number {
  const { exp } = decodeToken(token);
  return typeof exp === 'number' ? exp * 1000 - now : Infinity;
}

export interface TokenOptions {
  readonly token?: string | undefined;
  readonly getToken?: ((options: { readonly force: boolean }) => Promise<string> | string) | undefined;
  readonly clock?: Clock | undefined;
}

const renewBeforeMs = 60_000;

/** The current token. Renewed when it expires within a minute; concurrent callers share one request. */
export class TokenSource {
  readonly #options: TokenOptions;
  #token: string | undefined;
  #asking: Promise<string> | undefined;

  constructor(options: TokenOptions) {
    this.#options = options;
    this.#token = options.token;
  }

  get canRefresh(): boolean {
    return this.#options.getToken !== undefined;
  }

  /** `force`: the last one was rejected. */
  async get({ force }: { readonly force: boolean }): Promise<string | undefined> {
    const { getToken } = this.#options;
    if (!getToken || (!force && this.#token !== undefined && !this.#isEnding(this.#token))) return this.#token;
    const asking = (this.#asking ??= Promise.resolve(getToken({ force })));
    try {
      // An empty token is none: a program in JavaScript may return null.
      return (this.#token = (await asking) || undefined);
    } finally {
      if (this.#asking === asking) this.#asking = undefined;
    }
  }

  #isEnding(token: string): boolean {
    const exp = decodeJwt(token)?.['exp'];
    return typeof exp === 'number' && exp * 1000 - (this.#options.clock ?? systemClock).now() < renewBeforeMs;
  }
}
