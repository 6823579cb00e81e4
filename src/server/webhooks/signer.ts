// The key that signs webhook deliveries: one Ed25519 pair for all apps, stored among the server's records.

import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

export interface StoredKey {
  readonly x: string;
  readonly d: string;
}

export function newKey(): StoredKey {
  const { x = '', d = '' } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  return { x, d };
}

/** Grants access to exactly one payload. */
export interface PayloadClaims {
  readonly appId: string;
  readonly webhookId: string;
  readonly isn: string;
}

const payloadSeconds = 3600;

export class Signer {
  readonly #private: KeyObject;
  readonly #public: KeyObject;
  readonly #kid: string;
  readonly #x: string;

  constructor({ x, d }: StoredKey) {
    const jwk = { kty: 'OKP', crv: 'Ed25519', x } as const;
    this.#x = x;
    this.#private = createPrivateKey({ key: { ...jwk, d }, format: 'jwk' });
    this.#public = createPublicKey({ key: jwk, format: 'jwk' });
    // RFC 7638. The id changes with the key, because receivers cache keys by id.
    this.#kid = createHash('sha256')
      .update(JSON.stringify({ crv: jwk.crv, kty: jwk.kty, x }))
      .digest('base64url')
      .slice(0, 16);
  }

  get jwks(): object {
    return { keys: [{ kty: 'OKP', crv: 'Ed25519', alg: 'EdDSA', use: 'sig', kid: this.#kid, x: this.#x }] };
  }

  /** The header with the signature of the body. */
  signature(body: string, nowMs: number): string {
    const t = Math.floor(nowMs / 1000);
    return `t=${t},kid=${this.#kid},v1=${sign(null, Buffer.from(`${t}.${body}`), this.#private).toString('hex')}`;
  }

  async token({ appId, webhookId, isn }: PayloadClaims, issuer: string, nowMs: number): Promise<string> {
    const { SignJWT } = await import('jose');
    const issuedAt = Math.floor(nowMs / 1000);
    return new SignJWT({ 'app-id': appId, 'webhook-id': webhookId, isn })
      .setProtectedHeader({ alg: 'EdDSA', typ: 'JWT', kid: this.#kid })
      .setIssuer(issuer)
      .setSubject(appId)
      .setExpirationTime(issuedAt + payloadSeconds)
      .sign(this.#private);
  }

  async opens(token: string, { appId, webhookId, isn }: PayloadClaims, nowMs: number): Promise<boolean> {
    const { jwtVerify } = await import('jose');
    try {
      const options = { algorithms: ['EdDSA'], subject: appId, currentDate: new Date(nowMs), requiredClaims: ['exp'] };
      const { payload } = await jwtVerify(token, this.#public, options);
      return payload['app-id'] === appId && payload['webhook-id'] === webhookId && payload.isn === isn;
    } catch {
      return false;
    }
  }
}
