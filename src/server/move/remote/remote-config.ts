// An app's configuration (schema, rules, redirect origins, e-mail templates, webhooks), read from another server in the form of a backup.

import { Attrs } from '../../../db/attrs.ts';
import { isObject } from '../../../lib/json.ts';
import type { WireAttr } from '../../../protocol/attr.ts';
import { openNamespaces } from '../../data/system-attrs.ts';
import type { BackupConfig, OriginConfig } from '../backup-config.ts';
import { configSchema } from '../config-schema.ts';
import type { RemoteApp } from './remote-app.ts';

export interface RemoteConfigOptions {
  readonly attrs: readonly WireAttr[];
  readonly counts: Readonly<Record<string, number>>;
  readonly notes: string[];
}

export async function readRemoteConfig(app: RemoteApp, { attrs, counts, notes }: RemoteConfigOptions): Promise<BackupConfig> {
  const [about, perms, auth, email, hooks] = await Promise.all(
    ['', '/perms/pull', '/auth', '/email_status', '/webhooks'].map((end) => app.optional(app.path(end))),
  );
  const rules = perms?.['perms'];
  if (!perms) notes.push('the source does not tell its rules: push yours before anybody uses the app');
  if (!auth) notes.push('the source does not tell its redirect origins');
  const own = attrs.filter(({ catalog, 'forward-identity': [, etype] }) => catalog !== 'system' || openNamespaces.has(etype));
  return {
    appId: app.appId,
    title: textIn(about?.['app'], 'title'),
    description: '',
    schema: configSchema(Attrs.from(own)),
    rules: isObject(rules) ? rules : null,
    counts,
    tripleCount: 0,
    isn: null,
    backupAt: new Date().toISOString(),
    webhooks: listOf(hooks?.['webhooks']).filter(isObject).map(webhookOf),
    emailTemplates: isObject(email?.['info']) ? [templateOf(email['info'])] : [],
    authorizedRedirectOrigins: listOf(auth?.['authorized_redirect_origins']).filter(isObject).map(originOf),
  };
}

const listOf = (given: unknown): readonly unknown[] => (Array.isArray(given) ? (given as unknown[]) : []);

const textIn = (given: unknown, name: string): string => (isObject(given) && typeof given[name] === 'string' ? given[name] : '');

type Json = Readonly<Record<string, unknown>>;

const webhookOf = ({ namespaces, sink, status, actions }: Json): Json => ({ namespaces, sink, status, actions });

const templateOf = ({ email_type: type, body, name, subject, email }: Json): Json => ({ type, body, name, subject, email });

const originOf = ({ service, params }: Json): OriginConfig => ({
  service: String(service),
  params: listOf(params).map(String),
});
