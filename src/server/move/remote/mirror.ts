// A copy of another server's app that follows its changes: rows, has-many links, and the last applied transaction per namespace. Stored in
// an SQLite file, so that its size is not limited by memory and a killed process can continue.

import { TriplaneError } from '../../../errors.ts';
import type { WireAttr } from '../../../protocol/attr.ts';
import type { SyncTx } from '../../../protocol/sync-table-messages.ts';
import type { Triple } from '../../../protocol/triple.ts';
import { type Connection, loadSqlite, type Statement } from '../../storage/sqlite/binding.ts';

const tables = `
  PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
  CREATE TABLE IF NOT EXISTS namespaces (id INTEGER PRIMARY KEY, etype TEXT NOT NULL UNIQUE, subscription TEXT, token TEXT, tx INTEGER NOT NULL DEFAULT 0, loaded INTEGER NOT NULL DEFAULT 0);
  CREATE TABLE IF NOT EXISTS rows (ns INTEGER NOT NULL, e TEXT NOT NULL, at INTEGER, body TEXT NOT NULL, PRIMARY KEY (ns, e)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS links (a TEXT NOT NULL, e TEXT NOT NULL, v TEXT NOT NULL, PRIMARY KEY (a, e, v)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS attrs (id TEXT PRIMARY KEY, body TEXT NOT NULL);
`;

/** Position of a namespace in its sync table at the source. */
export interface Position {
  readonly subscription: string;
  readonly token: string;
  readonly txId: number;
  readonly isLoaded: boolean;
}

export interface MirroredRow {
  readonly id: string;
  /** Creation time of the id triple. */
  readonly createdAt: number;
  /** Without has-many links. */
  readonly fields: Readonly<Record<string, unknown>>;
}

export class Mirror {
  readonly #connection: Connection;
  readonly #statements = new Map<string, Statement>();
  readonly #namespaceIds = new Map<string, number>();
  #attrs = new Map<string, WireAttr>();

  private constructor(connection: Connection) {
    this.#connection = connection;
    connection.exec(tables);
    for (const { body } of this.#all('SELECT body FROM attrs') as { body: string }[]) {
      const attr = JSON.parse(body) as WireAttr;
      this.#attrs.set(attr.id, attr);
    }
  }

  /** Rejects with TriplaneError `dependency-missing`, `storage-failed`. */
  static async open(file: string): Promise<Mirror> {
    const connection = (await loadSqlite())(file);
    try {
      return new Mirror(connection);
    } catch (cause) {
      connection.close();
      const why = cause instanceof Error ? cause.message : String(cause);
      const text = /locked|busy/i.test(why) ? 'another import uses it' : why;
      throw new TriplaneError('storage-failed', `${file} cannot be opened: ${text}`, { cause });
    }
  }

  get attrs(): readonly WireAttr[] {
    return [...this.#attrs.values()];
  }

  attr(id: string): WireAttr | undefined {
    return this.#attrs.get(id);
  }

  setAttrs(attrs: readonly WireAttr[]): void {
    this.#attrs = new Map(attrs.map((attr) => [attr.id, attr]));
    this.#write(() => {
      this.#run('DELETE FROM attrs');
      for (const attr of attrs) this.#run('INSERT INTO attrs (id, body) VALUES (?, ?)', attr.id, JSON.stringify(attr));
    });
  }

  position(etype: string): Position | undefined {
    const found = this.#get('SELECT subscription, token, tx, loaded FROM namespaces WHERE etype = ?', etype) as
      { subscription: string | null; token: string | null; tx: number; loaded: number } | undefined;
    if (!found || found.subscription === null || found.token === null) return undefined;
    return { subscription: found.subscription, token: found.token, txId: found.tx, isLoaded: found.loaded === 1 };
  }

  /** Removes the rows of a namespace, to be loaded again. */
  begin(etype: string, { subscription, token }: Pick<Position, 'subscription' | 'token'>): void {
    this.#write(() => {
      this.#run('DELETE FROM rows WHERE ns = ?', this.#namespace(etype));
      this.#run('UPDATE namespaces SET subscription = ?, token = ?, tx = 0, loaded = 0 WHERE etype = ?', subscription, token, etype);
    });
  }

  /** Removes a namespace that no longer exists at the source. */
  drop(etype: string): void {
    this.#write(() => {
      this.#run('DELETE FROM rows WHERE ns = ?', this.#namespace(etype));
      this.#run('DELETE FROM namespaces WHERE etype = ?', etype);
    });
    this.#namespaceIds.delete(etype);
  }

  load(etype: string, rows: readonly (readonly Triple[])[]): void {
    const ns = this.#namespace(etype);
    this.#write(() => {
      for (const triples of rows) {
        const [first] = triples;
        if (first) this.#save(ns, first[0], this.#changed({}, triples));
      }
    });
  }

  loaded(etype: string, txId: number): void {
    this.#write(() => this.#run('UPDATE namespaces SET tx = ?, loaded = 1 WHERE etype = ?', txId, etype));
  }

  /** Removals first, because a replaced value is a removal and an addition. */
  update(etype: string, txes: readonly SyncTx[]): void {
    const ns = this.#namespace(etype);
    this.#write(() => {
      for (const { 'tx-id': txId, changes } of txes) {
        for (const { action, triple } of changes) if (action === 'removed') this.#change(ns, triple, false);
        for (const { action, triple } of changes) if (action === 'added') this.#change(ns, triple, true);
        this.#run('UPDATE namespaces SET tx = ? WHERE id = ?', txId, ns);
      }
    });
  }

  count(etype: string): number {
    const found = this.#get('SELECT count(*) AS rows FROM rows WHERE ns = ? AND at IS NOT NULL', this.#namespace(etype));
    return (found as { rows: number }).rows;
  }

  has(etype: string, id: string): boolean {
    return this.#get('SELECT 1 FROM rows WHERE ns = ? AND e = ? AND at IS NOT NULL', this.#namespace(etype), id) !== undefined;
  }

  get etypes(): string[] {
    return (this.#all('SELECT etype FROM namespaces ORDER BY etype') as { etype: string }[]).map(({ etype }) => etype);
  }

  /** In id order, `size` at a time. */
  *pages(etype: string, size: number): Generator<readonly MirroredRow[]> {
    const ns = this.#namespace(etype);
    for (let after = ''; ;) {
      const sql = 'SELECT e, at, body FROM rows WHERE ns = ? AND e > ? AND at IS NOT NULL ORDER BY e LIMIT ?';
      const found = this.#all(sql, ns, after, size) as { e: string; at: number; body: string }[];
      if (found.length > 0)
        yield found.map(({ e, at, body }) => ({ id: e, createdAt: at, fields: JSON.parse(body) as StoredRow['fields'] }));
      if (found.length < size) return;
      after = found.at(-1)?.e ?? '';
    }
  }

  /** Sets all links of an attribute from these rows. Returns whether any was added or removed. */
  setLinks(attr: string, from: readonly string[], links: readonly (readonly [from: string, to: string])[]): boolean {
    const texts = new Set(links.map(([e, v]) => `${e} ${v}`));
    const before = from.flatMap((e) => this.targets(attr, e).map((v) => `${e} ${v}`));
    if (before.length === texts.size && before.every((text) => texts.has(text))) return false;
    this.#write(() => {
      for (const e of from) this.#run('DELETE FROM links WHERE a = ? AND e = ?', attr, e);
      for (const [e, v] of links) this.#run('INSERT OR IGNORE INTO links (a, e, v) VALUES (?, ?, ?)', attr, e, v);
    });
    return true;
  }

  targets(attr: string, from: string): string[] {
    return (this.#all('SELECT v FROM links WHERE a = ? AND e = ?', attr, from) as { v: string }[]).map(({ v }) => v);
  }

  close(): void {
    this.#statements.clear();
    // One binding keeps the file locked until its statements are collected; releasing the lock requires that there is no write-ahead log.
    this.#connection.exec('PRAGMA journal_mode = DELETE; PRAGMA locking_mode = NORMAL; SELECT count(*) FROM attrs');
    this.#connection.close();
  }

  #change(ns: number, [e, a, v, t]: Triple, isAdded: boolean): void {
    const found = this.#get('SELECT at, body FROM rows WHERE ns = ? AND e = ?', ns, e) as { at: number | null; body: string } | undefined;
    const row: StoredRow = { at: found?.at ?? null, fields: found ? (JSON.parse(found.body) as StoredRow['fields']) : {} };
    if (isAdded) return this.#save(ns, e, this.#changed(row.fields, [[e, a, v, t]], row.at));
    const label = this.#attrs.get(a)?.['forward-identity'][2];
    if (label === undefined) return;
    const { [label]: _, ...fields } = row.fields;
    const at = label === 'id' ? null : row.at;
    if (at === null && Object.keys(fields).length === 0) this.#run('DELETE FROM rows WHERE ns = ? AND e = ?', ns, e);
    else this.#save(ns, e, { at, fields });
  }

  #changed(fields: StoredRow['fields'], triples: readonly Triple[], before: number | null = null): StoredRow {
    const row: { at: number | null; fields: Record<string, unknown> } = { at: before, fields: { ...fields } };
    for (const [, a, v, t] of triples) {
      const label = this.#attrs.get(a)?.['forward-identity'][2];
      if (label === 'id') row.at = t;
      else if (label !== undefined) row.fields[label] = v;
    }
    return row;
  }

  #save(ns: number, e: string, { at, fields }: StoredRow): void {
    this.#run('INSERT OR REPLACE INTO rows (ns, e, at, body) VALUES (?, ?, ?, ?)', ns, e, at, JSON.stringify(fields));
  }

  #namespace(etype: string): number {
    const known = this.#namespaceIds.get(etype);
    if (known !== undefined) return known;
    this.#run('INSERT OR IGNORE INTO namespaces (etype) VALUES (?)', etype);
    const { id } = this.#get('SELECT id FROM namespaces WHERE etype = ?', etype) as { id: number };
    this.#namespaceIds.set(etype, id);
    return id;
  }

  #write(run: () => void): void {
    this.#connection.exec('BEGIN');
    try {
      run();
      this.#connection.exec('COMMIT');
    } catch (error) {
      this.#connection.exec('ROLLBACK');
      throw error;
    }
  }

  #prepared(sql: string): Statement {
    let statement = this.#statements.get(sql);
    if (!statement) this.#statements.set(sql, (statement = this.#connection.prepare(sql)));
    return statement;
  }

  #run(sql: string, ...values: readonly (string | number | null)[]): void {
    this.#prepared(sql).run(...values);
  }

  #get(sql: string, ...values: readonly (string | number | null)[]): unknown {
    return this.#prepared(sql).get(...values);
  }

  #all(sql: string, ...values: readonly (string | number | null)[]): unknown[] {
    return this.#prepared(sql).all(...values);
  }
}

interface StoredRow {
  /** Null = without an id. */
  readonly at: number | null;
  readonly fields: Readonly<Record<string, unknown>>;
}
