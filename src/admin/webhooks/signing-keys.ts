// The keys with which servers sign: known ones, and those that a server publishes. Keys are fetched from the configured server only, never
// from an address that a request names.

import { TriplaneError } from '../../errors.ts';
import { isObject } from '../../lib/json.ts';

/** A JSON Web Key, as far as it is looked at here. */
interface Jwk {
  readonly [field: string]: unknown;
  readonly kid: string;
}

/** An imported key, and the algorithm to use it with. */
export interface SigningKey {
  readonly alg: { readonly name: 'Ed25519' };
  readonly key: CryptoKey;
}

const ed25519 = { name: 'Ed25519' } as const;

/** The hosted service's, so that its webhooks need no request for keys. */
const known: Readonly<Record<string, readonly Jwk[]>> = {
  'https://api.instantdb.com': [
    { kty: 'OKP', crv: 'Ed25519', alg: 'EdDSA', use: 'sig', kid: '1034696293', x: 'N-C41432STKAKkXAWmeIOXMnZcGRR1b9u1L3bTVqI_o' },
  ],
};

/** A request with an invented key id makes the keys be fetched no more often than this. */
const shortestRefetchMs = 10_000;

export class SigningKeys {
  readonly #keys = new Map<string, Promise<SigningKey>>();
  #fetching: Promise<readonly Jwk[]> | undefined;
  /** All that the server had then: while keys change, it signs with one and has published two. */
  #published: readonly Jwk[] = [];
  #fetchedAtMs = -Infinity;

  /**
   * @param fetchJwks asks the server for its keys
   * @throws TriplaneError 'signature-invalid' for a key that the server does not have
   */
  async get(apiURI: string, kid: string, fetchJwks: () => Promise<unknown>): Promise<SigningKey> {
    const cached = this.#keys.get(kid);
    if (cached) return cached;
    const jwk = known[apiURI]?.find((key) => key.kid === kid) ?? (await this.#fetched(fetchJwks)).find((key) => key.kid === kid);
    if (!jwk)
      throw new TriplaneError('signature-invalid', 'No signing key of the server has the id that the signature names', { hint: { kid } });
    const imported = importKey(jwk);
    this.#keys.set(kid, imported);
    imported.catch(() => this.#keys.delete(kid));
    return imported;
  }

  async #fetched(fetchJwks: () => Promise<unknown>): Promise<readonly Jwk[]> {
    // Requested by somebody else, whose time limit, signal and `close` apply to it: if it fails, the others request the keys themselves.
    while (this.#fetching) {
      const keys = await this.#fetching.catch(() => undefined);
      if (keys) return keys;
    }
    const nowMs = performance.now();
    if (nowMs - this.#fetchedAtMs < shortestRefetchMs) return this.#published;
    this.#fetching = fetchJwks().then(readJwks);
    try {
      this.#published = await this.#fetching;
      this.#fetchedAtMs = nowMs;
      return this.#published;
    } finally {
      this.#fetching = undefined;
    }
  }
}

/** By server, for the life of the process: a function that is created per request finds the keys of the one before. */
const byServer = new Map<string, SigningKeys>();
const mostServers = 100;

export function signingKeysOf(apiURI: string): SigningKeys {
  const found = byServer.get(apiURI);
  if (found) return found;
  const [oldest] = byServer.keys();
  if (byServer.size >= mostServers && oldest !== undefined) byServer.delete(oldest);
  const keys = new SigningKeys();
  byServer.set(apiURI, keys);
  return keys;
}

function readJwks(response: unknown): readonly Jwk[] {
  const keys = isObject(response) ? response['keys'] : undefined;
  return Array.isArray(keys) ? keys.filter((key): key is Jwk => isObject(key) && typeof key['kid'] === 'string') : [];
}

async function importKey(jwk: Jwk): Promise<SigningKey> {
  if (jwk['kty'] !== 'OKP' || jwk['crv'] !== 'Ed25519' || typeof jwk['x'] !== 'string') {
    throw new TriplaneError('signature-invalid', 'The signing key of the server is not an Ed25519 key', { hint: { kid: jwk.kid } });
  }
  const { x } = jwk;
  const key = await crypto.subtle
    .importKey('jwk', { kty: 'OKP', crv: 'Ed25519', x }, ed25519, false, ['verify'])
    .catch((cause: unknown) => {
      throw new TriplaneError('signature-invalid', 'The signing key of the server cannot be read', { cause, hint: { kid: jwk.kid } });
    });
  return { alg: ed25519, key };
}
