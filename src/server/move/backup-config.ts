// `config.json` of a backup: an app's schema, rules and settings, in the format of InstantDB's backups.

import { isUuid } from '../../lib/uuid.ts';
import { isObject } from '../../lib/json.ts';
import { invalidArchive } from './archive.ts';

export interface AttrConfig {
  readonly valueType: string;
  readonly required?: boolean;
  readonly config: { readonly unique: boolean; readonly indexed: boolean };
}

export interface LinkEnd {
  readonly on: string;
  readonly label: string;
  readonly has: 'one' | 'many';
  readonly required?: boolean;
  readonly onDelete?: 'cascade';
}

export interface LinkConfig {
  readonly forward: LinkEnd;
  readonly reverse: LinkEnd;
}

export interface SchemaConfig {
  readonly entities: Readonly<Record<string, { readonly attrs: Readonly<Record<string, AttrConfig>> }>>;
  readonly links: Readonly<Record<string, LinkConfig>>;
}

export interface OriginConfig {
  readonly service: string;
  readonly params: readonly string[];
}

export interface BackupConfig {
  readonly appId: string;
  readonly title: string;
  readonly description: string;
  readonly schema: SchemaConfig;
  /** Null = no rules. */
  readonly rules: Readonly<Record<string, unknown>> | null;
  /** Number of rows by namespace. */
  readonly counts: Readonly<Record<string, number>>;
  readonly tripleCount: number;
  readonly isn: null;
  readonly backupAt: string;
  readonly webhooks: readonly unknown[];
  readonly emailTemplates: readonly unknown[];
  readonly authorizedRedirectOrigins: readonly OriginConfig[];
}

/** @throws TriplaneError 'archive-invalid' */
export function readConfig(text: string, name: string): BackupConfig {
  const fault = (what: string): Error => invalidArchive(`${name}: ${what}`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw fault(`not JSON: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
  if (!isObject(json)) throw fault('must be an object');
  if (!isUuid(json.appId)) throw fault('appId must be a UUID');
  const rules = json.rules ?? null;
  if (rules !== null && !isObject(rules)) throw fault('rules must be an object');
  return {
    appId: json.appId.toLowerCase(),
    title: typeof json.title === 'string' ? json.title : '',
    description: typeof json.description === 'string' ? json.description : '',
    schema: readSchema(json.schema, fault),
    rules,
    counts: isObject(json.counts) ? (json.counts as Record<string, number>) : {},
    tripleCount: typeof json.tripleCount === 'number' ? json.tripleCount : 0,
    isn: null,
    backupAt: typeof json.backupAt === 'string' ? json.backupAt : '',
    webhooks: listOf(json.webhooks),
    emailTemplates: listOf(json.emailTemplates),
    authorizedRedirectOrigins: listOf(json.authorizedRedirectOrigins).filter(isOrigin),
  };
}

function readSchema(given: unknown, fault: (what: string) => Error): SchemaConfig {
  const { entities = {}, links = {} } = isObject(given) ? given : {};
  if (!isObject(given) || !isObject(entities) || !isObject(links)) throw fault('schema must be an object of entities and links');
  for (const [etype, entity] of Object.entries(entities)) {
    if (isObject(entity) && isObject(entity.attrs) && Object.values(entity.attrs).every(isObject)) continue;
    throw fault(`schema.entities.${etype} must be an object with attrs`);
  }
  for (const [name, link] of Object.entries(links)) {
    if (isObject(link) && isEnd(link.forward) && isEnd(link.reverse)) continue;
    throw fault(`schema.links.${name} must have forward and reverse, each with on, label and has`);
  }
  return { entities, links } as unknown as SchemaConfig;
}

function isEnd(given: unknown): given is LinkEnd {
  return (
    isObject(given) && typeof given.on === 'string' && typeof given.label === 'string' && (given.has === 'one' || given.has === 'many')
  );
}

function isOrigin(given: unknown): given is OriginConfig {
  return isObject(given) && typeof given.service === 'string' && Array.isArray(given.params);
}

function listOf(given: unknown): readonly unknown[] {
  return Array.isArray(given) ? given : [];
}
