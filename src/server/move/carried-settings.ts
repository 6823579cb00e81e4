// Webhooks and the mail template of an app, in the format of `config.json` and as records.

import { isObject } from '../../lib/json.ts';
import { type EmailTemplate, templateOf, templateRecord } from '../mail/email-template.ts';
import type { Records } from '../storage/storage.ts';
import { type Webhook, type WebhookAction, webhookActions, webhooksOf, webhooksRecord } from '../webhooks/webhook.ts';
import type { BackupConfig } from './backup-config.ts';
import { derivedId } from './derived-id.ts';

type Settings = Pick<BackupConfig, 'webhooks' | 'emailTemplates'>;
type Imported = Settings & Pick<BackupConfig, 'appId'>;

export interface CarriedSettings {
  readonly records: Records;
  /** What this server cannot use; an export includes it again. */
  readonly unused: Settings;
  readonly notes: readonly string[];
}

const magicCode = 'magic-code';
/** Why a webhook that was active is disabled. */
const imported = 'imported';

/** Webhooks are disabled: until the old host stops, both would deliver. */
export function importedSettings({ appId, webhooks: given, emailTemplates }: Imported, at: number): CarriedSettings {
  const read = given.map((one, place) => [one, webhookIn(one, derivedId(appId, 'webhook', place), at)] as const);
  const webhooks = read.flatMap(([, webhook]) => (webhook ? [webhook] : []));
  const templates = emailTemplates.map((one) => [one, templateIn(one, derivedId(appId, 'template'))] as const);
  const template = templates.find(([, found]) => found)?.[1];
  const waiting = webhooks.filter(({ reason }) => reason === imported).length;
  const unused = {
    webhooks: read.flatMap(([one, webhook]) => (webhook ? [] : [one])),
    emailTemplates: templates.flatMap(([one, found]) => (found && found === template ? [] : [one])),
  };
  return {
    records: { ...(webhooks.length > 0 && { [webhooksRecord]: webhooks }), ...(template && { [templateRecord]: template }) },
    unused,
    notes: [
      ...(waiting > 0 ? [`${waiting} webhooks are disabled: enable them when the old host stops`] : []),
      ...(unused.webhooks.length > 0 ? [`${unused.webhooks.length} webhooks cannot be read, and are only kept for an export`] : []),
      ...(unused.emailTemplates.length > 0
        ? [`${unused.emailTemplates.length} e-mail templates are of no use here, and are only kept for an export`]
        : []),
    ],
  };
}

export function exportedSettings(records: ReadonlyMap<string, unknown>, unused: Partial<Settings>): Settings {
  const template = templateOf(records);
  const webhooks = webhooksOf(records).map(({ namespaces, url, status, reason, actions }) => {
    return { namespaces, sink: { url }, status: reason === imported ? 'active' : status, actions };
  });
  return {
    webhooks: [...webhooks, ...(unused.webhooks ?? [])],
    emailTemplates: [...(template ? [shown(template)] : []), ...(unused.emailTemplates ?? [])],
  };
}

function shown({ subject, body, name, email }: EmailTemplate): object {
  return { type: magicCode, body, name, subject, email };
}

function webhookIn(given: unknown, id: string, at: number): Webhook | undefined {
  const { sink, namespaces, actions, status } = isObject(given) ? given : {};
  const url = isObject(sink) ? sink['url'] : undefined;
  if (typeof url !== 'string' || !isTexts(namespaces) || !isTexts(actions) || !actions.every(isAction)) return undefined;
  const reason = status === 'disabled' ? null : imported;
  return { id, url, namespaces, actions, status: 'disabled', reason, createdAt: at, updatedAt: at };
}

function templateIn(given: unknown, id: string): EmailTemplate | undefined {
  const { type, subject, body, name, email } = isObject(given) ? given : {};
  const isUsable = type === magicCode && [subject, body].every((text) => typeof text === 'string' && text.includes('{code}'));
  if (!isUsable) return undefined;
  return { id, subject: String(subject), body: String(body), name: textOrNull(name), email: textOrNull(email) };
}

const textOrNull = (given: unknown): string | null => (typeof given === 'string' && given !== '' ? given : null);
const isTexts = (given: unknown): given is string[] => Array.isArray(given) && given.every((text) => typeof text === 'string');
const isAction = (text: string): text is WebhookAction => (webhookActions as readonly string[]).includes(text);
