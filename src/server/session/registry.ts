// Server-wide records: which app an admin token belongs to, and personal access tokens, which have the operator's rights. Stored as records
// of a reserved app, which is created with the first of them.

import { hashToken, newToken } from '../auth/secrets.ts';
import { submit, whenDurable } from '../data/submit.ts';
import { serverActor } from '../data/system-rules.ts';
import type { LimitStore } from '../data/limit-store.ts';
import type { Records } from '../storage/storage.ts';
import { randomBytes } from 'node:crypto';
import { newKey, type StoredKey } from '../webhooks/signer.ts';
import type { App } from './app.ts';

/** Reserved: no app can have this id. */
export const registryId = '00000000-0000-4000-8000-000000000000';

export interface AccessToken {
  readonly id: string;
  readonly name: string;
  readonly createdAt: number;
}

export interface RegistryConfig {
  /** Opens the app that holds the records. */
  readonly open: () => Promise<App>;
  /** Whether that app exists yet. */
  readonly exists: () => Promise<boolean>;
}

const [ownerPrefix, accessPrefix, webhooksPrefix, expiryPrefix] = ['admin-token ', 'access-token ', 'webhooks of ', 'expiry of '];
const deletedPrefix = 'deleted ';
const signingKeyName = 'signing-key';

export class Registry {
  readonly #config: RegistryConfig;

  constructor(config: RegistryConfig) {
    this.#config = config;
  }

  /** The app that this admin token belongs to. */
  async ownerOf(adminToken: string): Promise<string | undefined> {
    return (await this.#records())?.get(ownerPrefix + hashToken(adminToken)) as string | undefined;
  }

  async setOwner(adminToken: string, appId: string): Promise<void> {
    await this.#write(() => ({ [ownerPrefix + hashToken(adminToken)]: appId }));
  }

  /** Call after an app was deleted or its token changed. */
  async forgetTokensOf(appId: string): Promise<void> {
    if (!(await this.#records())) return;
    await this.#write((records) => without(records, (name, value) => name.startsWith(ownerPrefix) && value === appId));
  }

  /** Usage of limits that are not of one app, shared by all servers of the storage. */
  async spending(): Promise<LimitStore> {
    return (await this.#config.open()).spending;
  }

  /** Notes when an app's time is over. */
  async setExpiry(appId: string, expiresAt: number): Promise<void> {
    await this.#write(() => ({ [expiryPrefix + appId]: expiresAt }));
  }

  /** Apps whose time is over, and whose data may still be there. */
  async expiredApps(now: number): Promise<readonly string[]> {
    const records = [...((await this.#records()) ?? [])].filter(([name, at]) => name.startsWith(expiryPrefix) && Number(at) <= now);
    return records.map(([name]) => name.slice(expiryPrefix.length));
  }

  async forgetExpiryOf(appId: string): Promise<void> {
    if ((await this.#records())?.has(expiryPrefix + appId)) await this.#write(() => ({ [expiryPrefix + appId]: null }));
  }

  async noteDeleted(appId: string): Promise<void> {
    await this.#write(() => ({ [deletedPrefix + appId]: true }));
  }

  /** Apps that were deleted, or whose time is over. */
  async goneApps(now: number): Promise<ReadonlySet<string>> {
    const names = [...((await this.#records())?.keys() ?? [])].filter((name) => name.startsWith(deletedPrefix));
    return new Set([...names.map((name) => name.slice(deletedPrefix.length)), ...(await this.expiredApps(now))]);
  }

  async isAccessToken(token: string): Promise<boolean> {
    return isAccessToken(token) && ((await this.#records())?.has(accessPrefix + hashToken(token.slice(tokenStart.length))) ?? false);
  }

  async accessTokens(): Promise<readonly AccessToken[]> {
    const records = [...((await this.#records()) ?? [])];
    return records.flatMap(([name, value]) => (name.startsWith(accessPrefix) ? [value as AccessToken] : []));
  }

  /** The token is returned once and only its hash is stored. */
  async createAccessToken(name: string, createdAt: number): Promise<AccessToken & { readonly token: string }> {
    const secret = randomBytes(32).toString('hex');
    const kept: AccessToken = { id: newToken(), name, createdAt };
    await this.#write(() => ({ [accessPrefix + hashToken(secret)]: kept }));
    return { ...kept, token: tokenStart + secret };
  }

  async deleteAccessToken(id: string): Promise<void> {
    if (!(await this.#records())) return;
    await this.#write((records) => without(records, (name, value) => name.startsWith(accessPrefix) && (value as AccessToken).id === id));
  }

  /** The key that signs webhook deliveries, shared by all servers of the storage. */
  async signingKey(): Promise<StoredKey> {
    const made = newKey();
    await this.#write((records) => (records.has(signingKeyName) ? {} : { [signingKeyName]: made }));
    return ((await this.#records())?.get(signingKeyName) as StoredKey | undefined) ?? made;
  }

  async appsWithWebhooks(): Promise<readonly string[]> {
    const names = [...((await this.#records())?.keys() ?? [])];
    return names.flatMap((name) => (name.startsWith(webhooksPrefix) ? [name.slice(webhooksPrefix.length)] : []));
  }

  async noteWebhooks(appId: string): Promise<void> {
    if (!(await this.#records())?.has(webhooksPrefix + appId)) await this.#write(() => ({ [webhooksPrefix + appId]: true }));
  }

  async #records(): Promise<ReadonlyMap<string, unknown> | undefined> {
    if (!(await this.#config.exists())) return undefined;
    const { ledger } = await this.#config.open();
    return whenDurable(ledger, () => ledger.records);
  }

  async #write(change: (records: ReadonlyMap<string, unknown>) => Records): Promise<void> {
    const { ledger } = await this.#config.open();
    const steps = ({ records }: { readonly records: ReadonlyMap<string, unknown> }) => ({ steps: [], records: change(records) });
    await submit(ledger, { steps, event: undefined, actor: serverActor });
  }
}

const tokenStart = 'per_';

/** Whether the text has the form of a personal access token. */
export function isAccessToken(token: string): boolean {
  return /^per_[0-9a-f]{64}$/.test(token);
}

function without(records: ReadonlyMap<string, unknown>, isGone: (name: string, value: unknown) => boolean): Records {
  return Object.fromEntries([...records].flatMap(([name, value]) => (isGone(name, value) ? [[name, null] as const] : [])));
}
