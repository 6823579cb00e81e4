// Mapping between sign-ins and providers as system namespaces of a backup and as records of a server. Both directions are here so that they
// stay consistent.

import { isUuid } from '../../lib/uuid.ts';
import { isObject } from '../../lib/json.ts';
import {
  emptyOAuth,
  type OAuthClient,
  type OAuthConfig,
  oauthOf,
  type OriginService,
  type ServiceProvider,
} from '../auth/oauth/oauth-config.ts';
import type { OriginConfig } from './backup-config.ts';
import { derivedId } from './derived-id.ts';
import type { Digest } from './digest.ts';
import type { Faults } from './faults.ts';
import { type SourceRow, whereOf } from './row-reader.ts';

/** System namespaces that are ordinary data. */
const dataNamespaces: ReadonlySet<string> = new Set(['$users', '$files', '$streams']);

export const isRecordNamespace = (etype: string): boolean => etype.startsWith('$') && !dataNamespaces.has(etype);

/** One entry of an app's records. */
export type NamedRecord = readonly [name: string, value: unknown];

interface SystemReaderConfig {
  readonly appId: string;
  readonly digest: Digest;
  readonly faults: Faults;
  readonly notes: string[];
  /** By client name: a backup contains secrets only encrypted, with a key that is not available. */
  readonly clientSecrets: Readonly<Record<string, string>>;
}

const tokenPrefix = 'token ';
const identityPrefix = 'identity ';

export class SystemReader {
  readonly #config: SystemReaderConfig;
  readonly #providers: ServiceProvider[] = [];
  readonly #clients: OAuthClient[] = [];
  readonly #dropped = new Map<string, number>();

  constructor(config: SystemReaderConfig) {
    this.#config = config;
  }

  /** The record of a row; undefined if it has none of its own. */
  read(etype: string, row: SourceRow, place: string): NamedRecord | undefined {
    const where = whereOf(row, place);
    if (etype === '$userRefreshTokens') return this.#readToken(row, where);
    if (etype === '$oauthUserLinks') return this.#readIdentity(row, where);
    if (etype === '$oauthProviders') this.#readProvider(row, where);
    else if (etype === '$oauthClients') this.#readClient(row, where);
    else this.#dropped.set(etype, (this.#dropped.get(etype) ?? 0) + 1);
    return undefined;
  }

  /** Call after the last row. */
  oauth(origins: readonly OriginConfig[], at: string): OAuthConfig {
    const { appId, notes } = this.#config;
    for (const [etype, count] of this.#dropped) {
      notes.push(
        etype === '$magicCodes'
          ? `${count} magic codes that wait are not taken over`
          : `${etype} (${count} rows) is not known here and not taken over`,
      );
    }
    return {
      providers: this.#providers,
      clients: this.#clients,
      origins: origins.map(({ service, params }) => ({
        id: derivedId(appId, 'origin', service, ...params),
        service: service as OriginService,
        params,
        created_at: at,
      })),
    };
  }

  #readToken({ entity, createdAt }: SourceRow, where: string): NamedRecord | undefined {
    const { hashedToken, $user: user, id } = entity;
    if (typeof hashedToken !== 'string' || !/^[0-9a-f]{64}$/.test(hashedToken) || !isUuid(user)) {
      // Nobody can sign in with it, not even at the source.
      this.#config.notes.push(`${where}: left out, as a refresh token needs hashedToken (64 hex digits) and $user`);
      return undefined;
    }
    const record: NamedRecord = [tokenPrefix + hashedToken, { user, at: createdAt, ...(isUuid(id) && { id }) }];
    digestRecord(this.#config.digest, record);
    return record;
  }

  #readIdentity({ entity }: SourceRow, where: string): NamedRecord | undefined {
    const { sub, $user: user, $oauthProvider: provider } = entity;
    if (typeof sub !== 'string' || !isUuid(user) || !isUuid(provider)) {
      this.#config.faults.add(`${where}: the identity of a user needs sub, $user and $oauthProvider`);
      return undefined;
    }
    const record: NamedRecord = [`${identityPrefix}${provider} ${sub}`, user];
    digestRecord(this.#config.digest, record);
    return record;
  }

  #readProvider({ entity, createdAt }: SourceRow, where: string): void {
    const { id, name } = entity;
    if (!isUuid(id) || typeof name !== 'string') return this.#config.faults.add(`${where}: a provider needs id and name`);
    const provider = { id, provider_name: name, created_at: new Date(createdAt).toISOString() };
    digestProvider(this.#config.digest, provider);
    this.#providers.push(provider);
  }

  #readClient({ entity, createdAt }: SourceRow, where: string): void {
    const { id, name, $oauthProvider: provider, encryptedClientSecret, clientSecret, meta, useSharedCredentials } = entity;
    if (!isUuid(id) || typeof name !== 'string' || !isUuid(provider)) {
      return this.#config.faults.add(`${where}: a client needs id, name and $oauthProvider`);
    }
    const secret = this.#config.clientSecrets[name] ?? textOf(clientSecret);
    if (secret === null && typeof encryptedClientSecret === 'string') {
      this.#config.notes.push(
        `the secret of the sign-in client '${name}' is encrypted in the backup: enter it with --client-secret ${name}=…, or later`,
      );
    }
    if (useSharedCredentials === true) {
      this.#config.notes.push(`the sign-in client '${name}' used credentials of the old host: it needs a client id and secret of your own`);
    }
    const client: OAuthClient = {
      ...{ id, provider_id: provider, client_name: name, client_id: textOf(entity.clientId), client_secret: secret },
      ...{ discovery_endpoint: textOf(entity.discoveryEndpoint), redirect_to: textOf(entity.redirectTo) },
      ...{ meta: isObject(meta) ? meta : null, created_at: new Date(createdAt).toISOString() },
    };
    digestClient(this.#config.digest, client);
    this.#clients.push(client);
  }
}

const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);

/** Counts a record that corresponds to a row of a backup; others are ignored. */
export function digestRecord(digest: Digest, [name, value]: NamedRecord): void {
  if (name.startsWith(tokenPrefix)) digest.add('$userRefreshTokens', JSON.stringify([name, value]));
  else if (name.startsWith(identityPrefix)) digest.add('$oauthUserLinks', JSON.stringify([name, value]));
}

export function digestOAuth(digest: Digest, given: unknown): void {
  const { providers, clients } = isObject(given) ? (given as unknown as OAuthConfig) : emptyOAuth;
  for (const provider of providers) digestProvider(digest, provider);
  for (const client of clients) digestClient(digest, client);
}

const digestProvider = (digest: Digest, provider: ServiceProvider): void => digest.add('$oauthProviders', JSON.stringify(provider));

function digestClient(digest: Digest, { client_secret: _, ...client }: OAuthClient): void {
  digest.add('$oauthClients', JSON.stringify(client));
}

export interface BackupRow {
  readonly entity: Readonly<Record<string, unknown>>;
  readonly createdAt: number;
}

/** The rows that correspond to an app's records, by namespace. `createdAtOf`: of a user. */
export function systemRows(
  records: ReadonlyMap<string, unknown>,
  options: { readonly createdAtOf: (userId: string) => number; readonly withSecrets: boolean },
): ReadonlyMap<string, readonly BackupRow[]> {
  const { providers, clients } = oauthOf(records);
  const rows = new Map<string, BackupRow[]>([
    ['$oauthClients', clients.map((client) => clientRow(client, options.withSecrets))],
    [
      '$oauthProviders',
      providers.map(({ id, provider_name: name, created_at: at }) => ({ entity: { id, name }, createdAt: Date.parse(at) })),
    ],
    ['$oauthUserLinks', []],
    ['$userRefreshTokens', []],
  ]);
  for (const [name, value] of records) {
    if (name.startsWith(tokenPrefix)) rows.get('$userRefreshTokens')?.push(tokenRow(name.slice(tokenPrefix.length), value));
    else if (name.startsWith(identityPrefix) && typeof value === 'string') {
      rows
        .get('$oauthUserLinks')
        ?.push({ entity: identityEntity(name.slice(identityPrefix.length), value), createdAt: options.createdAtOf(value) });
    }
  }
  return rows;
}

function clientRow(client: OAuthClient, withSecrets: boolean): BackupRow {
  const { id, provider_id, client_name, client_id, client_secret, discovery_endpoint, redirect_to, meta, created_at } = client;
  const entity = {
    ...{ id, name: client_name, clientId: client_id, discoveryEndpoint: discovery_endpoint, meta, redirectTo: redirect_to },
    ...{ $oauthProvider: provider_id, useSharedCredentials: false, ...(withSecrets && { clientSecret: client_secret }) },
  };
  return { entity, createdAt: Date.parse(created_at) };
}

function tokenRow(hashedToken: string, value: unknown): BackupRow {
  const { user, at, id = derivedId('token', hashedToken) } = value as { readonly user: string; readonly at: number; readonly id?: string };
  return { entity: { id, hashedToken, $user: user }, createdAt: at };
}

function identityEntity(name: string, user: string): BackupRow['entity'] {
  const [provider = ''] = name.split(' ', 1);
  const sub = name.slice(provider.length + 1);
  return { id: derivedId('identity', name), sub, 'sub+$oauthProvider': `${sub}+${provider}`, $oauthProvider: provider, $user: user };
}
