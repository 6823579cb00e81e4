// SQLite: `node:sqlite` where Node has it, otherwise a package. Both offer the small interface used here.

import { TriplaneError } from '../../../errors.ts';
import { makePrivateFile } from '../../private-files.ts';

/** A value as SQLite stores it. */
export type Column = string | number | null;

export interface Statement {
  run(...values: readonly Column[]): unknown;
  get(...values: readonly Column[]): unknown;
  all(...values: readonly Column[]): unknown[];
}

export interface Connection {
  exec(sql: string): unknown;
  prepare(sql: string): Statement;
  close(): unknown;
}

export type Open = (file: string) => Connection;

type Class = new (file: string) => Connection;
type Module = Readonly<Record<string, unknown>>;

const packages: readonly { readonly name: string; readonly classIn: (module: Module) => unknown }[] = [
  { name: 'node:sqlite', classIn: (module) => module['DatabaseSync'] },
  { name: 'libsql', classIn: (module) => module['default'] },
  { name: 'better-sqlite3', classIn: (module) => module['default'] },
];

/** Rejects with TriplaneError `dependency-missing`. */
export async function loadSqlite(load: (name: string) => Promise<unknown> = quietly): Promise<Open> {
  const causes: unknown[] = [];
  for (const { name, classIn } of packages) {
    try {
      const found = classIn((await load(name)) as Module);
      if (typeof found !== 'function') continue;
      return (file) => {
        // SQLite gives its other files the mode of this one.
        makePrivateFile(file);
        return new (found as Class)(file);
      };
    } catch (cause) {
      causes.push(cause);
    }
  }
  throw new TriplaneError(
    'dependency-missing',
    `To keep data in a file this version of Node (${process.version}) needs one more package: npm install libsql. Node 22.13 and later need none.`,
    { cause: new AggregateError(causes) },
  );
}

/** Suppresses Node's warning that its SQLite module is experimental. */
async function quietly(name: string): Promise<unknown> {
  const before = Object.getOwnPropertyDescriptor(process, 'emitWarning');
  const emitWarning = process.emitWarning.bind(process);
  process.emitWarning = (warning: string | Error, ...rest: readonly unknown[]): void => {
    if (rest[0] !== 'ExperimentalWarning') Reflect.apply(emitWarning, process, [warning, ...rest]);
  };
  try {
    return await import(name);
  } finally {
    if (before) Object.defineProperty(process, 'emitWarning', before);
  }
}
