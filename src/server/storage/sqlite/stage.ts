// An app under construction in the file: chunks of a snapshot under a reserved name, which become the app's in one transaction.

import type { Appended, Stage } from '../storage.ts';
import type { SqliteFile } from './file.ts';

const stagedAs = (app: string): string => `${app} staged`;

export async function sqliteStage(app: string, file: SqliteFile): Promise<Stage> {
  const name = stagedAs(app);
  const head = (): number => {
    const row = file.prepared('SELECT tx FROM heads WHERE app = ?').get(app) as { tx: number } | undefined;
    return row?.tx ?? 0;
  };
  const txId = file.read(head);
  const count = file.read(() => file.prepared('SELECT count(*) AS parts FROM snapshots WHERE app = ?').get(name)) as { parts: number };
  let length = count.parts;
  return {
    txId,
    get length() {
      return length;
    },
    async add(chunk) {
      await file.write(() => file.prepared('INSERT INTO snapshots (app, tx, part, body) VALUES (?, 0, ?, ?)').run(name, length, chunk));
      length++;
    },
    async read(at) {
      const find = () => file.prepared('SELECT body FROM snapshots WHERE app = ? AND tx = 0 AND part = ?').get(name, at);
      return (file.read(find) as { body: string } | undefined)?.body;
    },
    publish: (next) =>
      file.write((): Appended => {
        if (head() !== txId) return 'behind';
        file.prepared('DELETE FROM snapshots WHERE app = ?').run(app);
        file.prepared('DELETE FROM log WHERE app = ?').run(app);
        file.prepared('DELETE FROM entry_parts WHERE app = ?').run(app);
        file.prepared('UPDATE snapshots SET app = ?, tx = ? WHERE app = ?').run(app, next, name);
        file
          .prepared(
            'INSERT INTO heads (app, tx, snapshot) VALUES (?, ?, ?) ON CONFLICT (app) DO UPDATE SET tx = excluded.tx, snapshot = excluded.snapshot',
          )
          .run(app, next, next);
        return 'appended';
      }),
    async discard() {
      await file.write(() => file.prepared('DELETE FROM snapshots WHERE app = ?').run(name));
      length = 0;
    },
  };
}
