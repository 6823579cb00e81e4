// An app in the form of a backup, without the bytes of its files: `config.json`, and the rows of each namespace as JSON lines.

import { isObject } from '../../lib/json.ts';
import type { Namespace } from '../../db/attrs.ts';
import type { Db } from '../../db/db.ts';
import type { Row } from '../../db/row.ts';
import { oauthOf } from '../auth/oauth/oauth-config.ts';
import { appRecordOf } from '../session/app-record.ts';
import type { BackupConfig } from './backup-config.ts';
import { exportedSettings } from './carried-settings.ts';
import { configSchema } from './config-schema.ts';
import { type BackupRow, systemRows } from './system-rows.ts';

export interface BackupContentOptions {
  readonly appId: string;
  /** Must not change while the backup is written. */
  readonly db: Db;
  readonly records: ReadonlyMap<string, unknown>;
  readonly at: number;
  /** Secrets of sign-in clients are included in plain text. */
  readonly withSecrets: boolean;
  readonly description?: string;
}

const linesOfChunk = 65_536;

export class BackupContent {
  readonly #options: BackupContentOptions;
  readonly #ids = new Map<string, string[]>();
  readonly #system: ReadonlyMap<string, readonly BackupRow[]>;
  /** Number of rows of each namespace that has any. */
  readonly counts: ReadonlyMap<string, number>;

  constructor(options: BackupContentOptions) {
    this.#options = options;
    const { db, records, withSecrets } = options;
    for (const { etype } of db.attrs.namespaces()) {
      const ids = Array.from(db.rows(etype), ({ id }) => id);
      if (ids.length > 0) this.#ids.set(etype, ids);
    }
    this.#system = systemRows(records, { createdAtOf: (userId) => db.row('$users', userId)?.t ?? 0, withSecrets });
    const counts = [...this.#ids].map(([etype, ids]) => [etype, ids.length] as const);
    const systemCounts = [...this.#system].flatMap(([etype, rows]) => (rows.length > 0 ? [[etype, rows.length] as const] : []));
    this.counts = new Map([...counts, ...systemCounts].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** Each link target counts as one. A generator, so that other work can interleave. */
  *countTriples(): Generator<void, number> {
    let count = 0;
    for (const [etype, ids] of this.#ids) {
      const namespace = this.#options.db.attrs.namespace(etype);
      for (let at = 0; at < ids.length; at++) {
        const row = this.#options.db.row(etype, ids[at] ?? '');
        if (row) count += triplesOf(row, namespace);
        if (at % 10_000 === 9_999) yield;
      }
    }
    for (const rows of this.#system.values()) for (const { entity } of rows) count += Object.keys(entity).length;
    return count;
  }

  config(tripleCount: number): BackupConfig {
    const { db, records, at, appId, description: given } = this.#options;
    const { title = '' } = appRecordOf(records) ?? {};
    const kept = records.get('backup');
    const { description = '', ...unused } = (isObject(kept) ? kept : {}) as Partial<BackupConfig>;
    const { webhooks, emailTemplates } = exportedSettings(records, unused);
    const rules = records.get('rules');
    const counts = Object.fromEntries(this.counts);
    return {
      ...{ description: given ?? description, schema: configSchema(db.attrs), tripleCount, counts, isn: null, webhooks },
      rules: isObject(rules) ? rules : null,
      ...{ title, backupAt: new Date(at).toISOString(), appId, emailTemplates },
      authorizedRedirectOrigins: oauthOf(records).origins.map(({ service, params }) => ({ service, params })),
    };
  }

  /** Sorted by id. */
  *lines(etype: string): Generator<string> {
    let text = '';
    for (const row of this.#rowsOf(etype)) {
      text += `${JSON.stringify(row)}\n`;
      if (text.length < linesOfChunk) continue;
      yield text;
      text = '';
    }
    if (text !== '') yield text;
  }

  *#rowsOf(etype: string): Generator<BackupRow> {
    const system = this.#system.get(etype);
    if (system) return yield* [...system].sort((a, b) => (String(a.entity.id) < String(b.entity.id) ? -1 : 1));
    const { db } = this.#options;
    const namespace = db.attrs.namespace(etype);
    for (const id of this.#ids.get(etype)?.sort() ?? []) {
      const row = db.row(etype, id);
      if (row) yield { entity: entityOf(row, namespace), createdAt: row.exists(namespace.idAttr) ? row.t : 0 };
    }
  }
}

function triplesOf(row: Row, { etype, forward }: Namespace): number {
  let count = 0;
  for (const [label, attr] of forward) {
    if (etype === '$files' && label === 'url') continue;
    if (attr.isRef) count += row.targets(attr).length;
    else if (row.value(attr) !== undefined) count++;
  }
  return count;
}

/** Values by label, in the archive's form: has-many links as arrays, has-one links as an id, nulls where they are stored. */
function entityOf(row: Row, { etype, forward }: Namespace): Readonly<Record<string, unknown>> {
  const fields: [string, unknown][] = [];
  for (const [label, attr] of forward) {
    const value = row.value(attr);
    if (value === undefined || (etype === '$files' && label === 'url')) continue;
    fields.push([label, attr.isRef ? linked(row.targets(attr), attr.isMany) : value]);
  }
  return Object.fromEntries(fields);
}

const linked = (targets: readonly string[], isMany: boolean): unknown => (isMany ? targets : targets[0]);
