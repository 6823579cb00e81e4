// The 3,201 films of vega-datasets as entities: read, cleaned by the table in cleaning.ts, and linked to their directors, distributors and
// genres. Pure but for `readMovies`. A row that is not as expected stops everything: none is left out in silence.

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import { type Raw, rules } from './cleaning.ts';

export type Row = Readonly<Record<string, Raw>>;

/** Unknown fields are omitted. */
export interface Facts {
  readonly title: string;
  readonly year: number;
  readonly released: string;
  readonly imdb?: number;
  readonly votes?: number;
  readonly tomatoes?: number;
  readonly minutes?: number;
  readonly mpaa?: string;
  readonly source?: string;
  readonly kind?: string;
  readonly budget?: number;
  readonly usGross?: number;
  readonly worldGross?: number;
  readonly dvdSales?: number;
}

export interface Links {
  readonly director?: string;
  readonly distributor?: string;
  readonly genre?: string;
}

export interface Film {
  readonly id: string;
  readonly facts: Facts;
  /** Ids. */
  readonly links: Links;
}

export interface Named {
  readonly id: string;
  readonly name: string;
}

export interface Catalogue {
  readonly films: readonly Film[];
  readonly directors: readonly Named[];
  readonly distributors: readonly Named[];
  readonly genres: readonly Named[];
  /** The corrections, by rule. */
  readonly mended: ReadonlyMap<string, readonly Mended[]>;
}

export interface Mended {
  readonly from: Raw;
  readonly to: Raw;
}

const texts = { mpaa: 'MPAA Rating', source: 'Source', kind: 'Creative Type' } as const;
const numbers = {
  imdb: 'IMDB Rating',
  votes: 'IMDB Votes',
  tomatoes: 'Rotten Tomatoes Rating',
  minutes: 'Running Time min',
  budget: 'Production Budget',
  usGross: 'US Gross',
  worldGross: 'Worldwide Gross',
  dvdSales: 'US DVD Sales',
} as const;
const columns = new Set<string>(['Title', 'Release Date', 'Director', 'Distributor', 'Major Genre', ...values(texts), ...values(numbers)]);

/** The list in the package. */
export async function readMovies(): Promise<readonly Row[]> {
  const path = join(dirname(createRequire(import.meta.url).resolve('vega-datasets')), '../data/movies.json');
  const rows: unknown = JSON.parse(await readFile(path, 'utf8'));
  if (!Array.isArray(rows) || !rows.every(isRow)) throw new Error(`${path} is not the list of films this demo knows`);
  return rows;
}

export function makeCatalogue(rows: readonly Row[], makeId: () => string): Catalogue {
  const mended = new Map<string, Mended[]>(rules.map(({ name }) => [name, []]));
  const directors = new Names(makeId);
  const distributors = new Names(makeId);
  const genres = new Names(makeId);
  const films = rows.map((row): Film => {
    const clean = cleaned(row, mended);
    const links = {
      ...given('director', directors.idOf(textIn(clean, 'Director'))),
      ...given('distributor', distributors.idOf(textIn(clean, 'Distributor'))),
      ...given('genre', genres.idOf(textIn(clean, 'Major Genre'))),
    };
    return { id: makeId(), facts: factsOf(clean), links };
  });
  return { films, directors: directors.list(), distributors: distributors.list(), genres: genres.list(), mended };
}

function cleaned(row: Row, mended: Map<string, Mended[]>): Row {
  const clean: Record<string, Raw> = { ...row };
  for (const { name, column, mend } of rules) {
    const from = clean[column] ?? null;
    const to = mend(from);
    if (to === undefined) continue;
    mended.get(name)?.push({ from, to });
    clean[column] = to;
  }
  return clean;
}

function factsOf(row: Row): Facts {
  const title = textIn(row, 'Title');
  const released = dayOf(row);
  if (title === undefined || !released) throw new Error(`A film without title or day: ${JSON.stringify(row)}`);
  const optional = [
    ...Object.entries(texts).map(([label, column]) => given(label, textIn(row, column))),
    ...Object.entries(numbers).map(([label, column]) => given(label, numberIn(row, column))),
  ];
  return Object.assign({ title, year: Number(released.slice(0, 4)), released }, ...optional) as Facts;
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** 'Nov 13 2009' → '2009-11-13' */
function dayOf(row: Row): string | undefined {
  const [month = '', day = '', year = ''] = textIn(row, 'Release Date')?.split(' ') ?? [];
  const number = months.indexOf(month) + 1;
  if (number === 0 || !/^\d\d$/.test(day) || !/^\d{4}$/.test(year)) return undefined;
  return `${year}-${String(number).padStart(2, '0')}-${day}`;
}

function textIn(row: Row, column: string): string | undefined {
  const value = row[column] ?? undefined;
  if (value === undefined || typeof value === 'string') return value;
  throw new Error(`${column} should be a text: ${JSON.stringify(row)}`);
}

function numberIn(row: Row, column: string): number | undefined {
  const value = row[column] ?? undefined;
  if (value === undefined || typeof value === 'number') return value;
  throw new Error(`${column} should be a number: ${JSON.stringify(row)}`);
}

function isRow(row: unknown): row is Row {
  if (typeof row !== 'object' || row === null) return false;
  const isRaw = (value: unknown): boolean => value === null || typeof value === 'string' || typeof value === 'number';
  return Object.entries(row).every(([column, value]) => columns.has(column) && isRaw(value));
}

function given<Value>(label: string, value: Value | undefined): Record<string, Value> {
  return value === undefined ? {} : { [label]: value };
}

function values(map: Readonly<Record<string, string>>): string[] {
  return Object.values(map);
}

/** One entity for each name, in order of first occurrence. */
class Names {
  readonly #ids = new Map<string, string>();
  readonly #makeId: () => string;

  constructor(makeId: () => string) {
    this.#makeId = makeId;
  }

  idOf(name: string | undefined): string | undefined {
    if (name === undefined) return undefined;
    const id = this.#ids.get(name) ?? this.#makeId();
    this.#ids.set(name, id);
    return id;
  }

  list(): Named[] {
    return [...this.#ids].map(([name, id]) => ({ id, name }));
  }
}
