// Puts a catalogue into a database: those who are linked to first, then the films, a hundred to a transaction.

import type { InstantCoreDatabase } from 'triplane';

import type { Catalogue, Film, Named } from './catalogue.ts';
import type { Schema } from './schema.ts';

const chunkSize = 100;

export type Database = InstantCoreDatabase<Schema>;
export type Progress = (films: number, of: number) => void;

/** Resolves when the server has stored everything. */
export async function load(db: Database, { films, directors, distributors, genres }: Catalogue, progress: Progress): Promise<void> {
  const named = (etype: 'directors' | 'distributors' | 'genres', list: readonly Named[]) =>
    list.map(({ id, name }) => db.tx[etype][id]?.create({ name }) ?? missing(etype));
  await db.transact([...named('genres', genres), ...named('distributors', distributors), ...named('directors', directors)]).settled;
  for (let from = 0; from < films.length; from += chunkSize) {
    progress(from, films.length);
    await db.transact(films.slice(from, from + chunkSize).map((film) => born(db, film))).settled;
  }
  progress(films.length, films.length);
}

/** No rating yet. Set explicitly, because an indexed attribute that is added later is filled in for every existing film. */
function born(db: Database, { id, facts, links }: Film) {
  const chunk = db.tx.films[id]?.create({ ...facts, stars: null }) ?? missing('films');
  return Object.keys(links).length > 0 ? chunk.link({ ...links }) : chunk;
}

function missing(etype: string): never {
  throw new Error(`There is no namespace '${etype}'`);
}
