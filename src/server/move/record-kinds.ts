// How rows written by admins map to records, by namespace.

import { isObject } from '../../lib/json.ts';
import { isUuid } from '../../lib/uuid.ts';
import { codeRecords } from '../auth/codes.ts';
import { type OAuthClient, oauthOf, oauthRecord, type OAuthConfig } from '../auth/oauth/oauth-config.ts';
import { signInCodeRecord } from '../auth/oauth/oauth.ts';
import { asSignInHasIt } from '../data/system-rules.ts';
import type { LedgerState } from '../data/write.ts';
import { invalid } from '../errors.ts';
import type { Records } from '../storage/storage.ts';
import type { BackupRow } from './system-rows.ts';

type Entity = BackupRow['entity'];

export interface ChangedRow {
  readonly etype: string;
  readonly id: string;
  readonly before: BackupRow | undefined;
  readonly after: Entity | undefined;
}

interface Kept {
  readonly records: Record<string, unknown>;
  config: OAuthConfig;
}

type Keep = (row: ChangedRow, kept: Kept, state: LedgerState) => void;

/** Providers first: rows that link to them are processed later. */
const keeps: Readonly<Record<string, Keep>> = {
  $oauthProviders: keepProvider,
  $oauthClients: keepClient,
  $oauthUserLinks: keepIdentity,
  $userRefreshTokens: keepToken,
  $oauthCodes: keepSignInCode,
  $magicCodes: keepCode,
};

/** @throws InstantAPIError if a row lacks a required field, or belongs to a namespace that only the server writes */
export function rowRecords(changed: readonly ChangedRow[], state: LedgerState): Records {
  const config = oauthOf(state.records);
  const kept: Kept = { records: {}, config };
  for (const row of changed) if (!Object.hasOwn(keeps, row.etype)) throw fault(row, 'is written by the server only');
  for (const [etype, keep] of Object.entries(keeps)) {
    for (const row of changed) if (row.etype === etype) keep(row, kept, state);
  }
  return { ...kept.records, ...(kept.config !== config && { [oauthRecord]: kept.config }) };
}

function fault({ etype, id }: ChangedRow, message: string): Error {
  return invalid('tx-step', [etype, id], [{ message: `'${etype}' ${message}` }]);
}

function keepToken(row: ChangedRow, { records }: Kept, { at }: LedgerState): void {
  const { before, after, id } = row;
  if (before) records[`token ${String(before.entity['hashedToken'])}`] = null;
  if (!after) return;
  const { hashedToken, $user: user } = after;
  if (typeof hashedToken !== 'string') throw fault(row, 'needs hashedToken');
  records[`token ${hashedToken}`] = { ...(isUuid(user) && { user }), at: before?.createdAt ?? at, id };
}

function keepIdentity(row: ChangedRow, { records }: Kept): void {
  const { before, after } = row;
  const nameOf = ({ sub, $oauthProvider: provider }: Entity): string => `identity ${String(provider)} ${String(sub)}`;
  if (before) records[nameOf(before.entity)] = null;
  if (!after) return;
  if (typeof after['sub'] !== 'string' || !isUuid(after['$oauthProvider']) || !isUuid(after['$user'])) {
    throw fault(row, 'needs sub, $user and $oauthProvider');
  }
  records[nameOf(after)] = after['$user'];
}

function keepProvider(row: ChangedRow, kept: Kept, { at, records }: LedgerState): void {
  const { id, before, after } = row;
  const { providers, clients } = kept.config;
  const others = providers.filter((provider) => provider.id !== id);
  if (!after) {
    // Its clients and identities are deleted too.
    for (const [name] of records) if (name.startsWith(`identity ${id} `)) kept.records[name] = null;
    kept.config = { ...kept.config, providers: others, clients: clients.filter(({ provider_id: provider }) => provider !== id) };
    return;
  }
  const { name } = after;
  if (typeof name !== 'string') throw fault(row, 'needs name');
  const provider = { id, provider_name: name, created_at: new Date(before?.createdAt ?? at).toISOString() };
  kept.config = { ...kept.config, providers: [...others, provider] };
}

function keepClient(row: ChangedRow, kept: Kept, { at }: LedgerState): void {
  const { id, before, after } = row;
  const { clients } = kept.config;
  const known = clients.find((client) => client.id === id);
  const others = clients.filter((client) => client.id !== id);
  if (!after) return void (kept.config = { ...kept.config, clients: others });
  const { name, $oauthProvider: provider, meta, useSharedCredentials } = after;
  if (typeof name !== 'string' || !isUuid(provider)) throw fault(row, 'needs name and $oauthProvider');
  if (useSharedCredentials === true) throw fault(row, 'has credentials of its own: this server shares none');
  const client: OAuthClient = {
    ...{ id, provider_id: provider, client_name: name, client_id: textOf(after['clientId']), client_secret: known?.client_secret ?? null },
    ...{
      discovery_endpoint: textOf(after['discoveryEndpoint']),
      redirect_to: textOf(after['redirectTo']),
      meta: isObject(meta) ? meta : null,
    },
    created_at: known?.created_at ?? new Date(before?.createdAt ?? at).toISOString(),
  };
  kept.config = { ...kept.config, clients: [...others, client] };
}

function keepSignInCode(row: ChangedRow, { records, config }: Kept, { at }: LedgerState): void {
  const { id, before, after } = row;
  if (before && after) throw fault(row, 'is used once: write a new row');
  if (before) Object.assign(records, signInCodeRecord(String(before.entity['codeHash']), null));
  if (!after) return;
  const { codeHash, userInfo, $oauthClient, codeChallenge, codeChallengeMethod } = after;
  const client = config.clients.find(({ id }) => id === $oauthClient);
  if (typeof codeHash !== 'string' || !isObject(userInfo) || typeof userInfo.sub !== 'string' || !client) {
    throw fault(row, 'needs codeHash, userInfo with a sub, and an existing $oauthClient');
  }
  const identity = {
    ...{ provider: client.provider_id, sub: userInfo.sub },
    ...{ email: textOf(userInfo.email) ?? undefined, imageURL: textOf(userInfo.imageURL) ?? undefined },
  };
  const [challenge, method] = [textOf(codeChallenge), textOf(codeChallengeMethod)];
  Object.assign(records, signInCodeRecord(codeHash, { id, identity, challenge, method, at }));
}

function keepCode(row: ChangedRow, { records }: Kept, state: LedgerState): void {
  const { before, after } = row;
  if (before) throw fault(row, after ? 'is used once: write a new row' : 'ends by itself');
  if (!after) return;
  const { email, codeHash } = after;
  if (typeof email !== 'string' || typeof codeHash !== 'string') throw fault(row, 'needs email and codeHash');
  const all = new Map([...state.records, ...Object.entries(records)]);
  Object.assign(records, codeRecords(all, asSignInHasIt(email), { id: row.id, hash: codeHash, at: state.at }));
}

const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);
