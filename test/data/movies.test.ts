// The demo's films: how many entities there are, every fault that is mended, by its rule, and that nothing else is changed or lost.

import { readFileSync } from 'node:fs';

import { beforeAll, describe, expect, test } from 'vitest';

import { type Catalogue, type Film, makeCatalogue, readMovies, type Row } from '../../examples/movies/catalogue.ts';

let rows: readonly Row[];
let catalogue: Catalogue;

beforeAll(async () => {
  rows = await readMovies();
  let last = 0;
  catalogue = makeCatalogue(rows, () => `id-${++last}`);
});

const titled = (title: string): Film[] => catalogue.films.filter(({ facts }) => facts.title === title);
const only = (title: string): Film => {
  const [film, ...others] = titled(title);
  if (!film || others.length > 0) throw new Error(`There are ${others.length + (film ? 1 : 0)} films called ${title}`);
  return film;
};

test('every row is a film, in the order of the list', () => {
  expect(rows).toHaveLength(3201);
  expect(catalogue.films).toHaveLength(3201);
  expect(new Set(catalogue.films.map(({ id }) => id)).size).toBe(3201);
  expect(catalogue.films[0]?.facts.title).toBe('The Land Girls');
});

describe('linked entities', () => {
  test.each([
    ['director', 'directors', 550, 1870],
    ['distributor', 'distributors', 173, 2968],
    ['genre', 'genres', 12, 2926],
  ] as const)('%s: one for each name, none for what is missing', (label, list, count, linked) => {
    expect(catalogue[list]).toHaveLength(count);
    expect(new Set(catalogue[list].map(({ name }) => name)).size).toBe(count);
    const ids = new Set(catalogue[list].map(({ id }) => id));
    const links = catalogue.films.flatMap((film) => film.links[label] ?? []);
    expect(links).toHaveLength(linked);
    expect(new Set(links)).toEqual(ids);
  });

  test('a film without any of the three has no links', () => {
    expect(only("Hell's Angels").links).toEqual({});
  });

  test('films of one director lead to the same entity', () => {
    expect(only('Alien').links.director).toBe(only('Gladiator').links.director);
  });
});

const faults: readonly (readonly [rule: string, count: number, from: unknown, to: unknown])[] = [
  ['title-is-number', 9, 1941, '1941'],
  ['title-is-number', 9, 9, '9'],
  ['title-is-missing', 1, null, 'Unknown'],
  ['title-article-last', 4, 'Charge of the Light Brigade, The', 'The Charge of the Light Brigade'],
  ['title-misread', 18, "De battre mon coeur s'est arrÍtÈ", "De battre mon coeur s'est arrêté"],
  ['title-misread', 18, 'Obsluhoval jsem anglickÈho kr·le', 'Obsluhoval jsem anglického krále'],
  ['title-misread', 18, "I Love You Ö Don't Touch Me!", "I Love You … Don't Touch Me!"],
  ['title-misread', 18, 'The Naked Gun 2Ω: The Smell of Fear', 'The Naked Gun 2½: The Smell of Fear'],
  ['title-two-spaces', 2, 'The Helix...  Loaded', 'The Helix... Loaded'],
  ['director-two-quotes', 1, 'Jeff ""King Jeff"" Hollins', 'Jeff "King Jeff" Hollins'],
  ['distributor-unknown', 1, 'Distributor Unknown', null],
  ['released-a-century-late', 22, 'Feb 08 2015', 'Feb 08 1915'],
];

describe('what is mended', () => {
  test.each(faults)('%s (%i): %s becomes %s', (rule, count, from, to) => {
    expect(catalogue.mended.get(rule)).toHaveLength(count);
    expect(catalogue.mended.get(rule)).toContainEqual({ from, to });
  });

  test('no rule is without a case here, and README.md has each with its count', () => {
    expect([...catalogue.mended.keys()]).toEqual([...new Set(faults.map(([rule]) => rule))]);
    const readme = readFileSync(new URL('../../examples/movies/README.md', import.meta.url), 'utf8');
    const told = [...readme.matchAll(/^\| `([a-z-]+)` +\| +(\d+) \|/gm)].map(([, rule, count]) => [rule, Number(count)]);
    expect(told).toEqual([...catalogue.mended].map(([rule, cases]) => [rule, cases.length]));
  });
});

describe('what is kept as it is', () => {
  test.each(['Alien³', 'Ri¢hie Ri¢h', 'King Kong (1933)', '20,000 Leagues Under the Sea'])('the title %s', (title) => {
    expect(titled(title).length).toBeGreaterThan(0);
  });

  test('the last years of the list are no mistake', () => {
    expect(only('The Adventures of Tintin: Secret of the Unicorn').facts).toMatchObject({ year: 2011, released: '2011-12-23' });
    expect(Math.min(...catalogue.films.map(({ facts }) => facts.year))).toBe(1915);
    expect(Math.max(...catalogue.films.map(({ facts }) => facts.year))).toBe(2011);
  });

  test('two films of one title are two films', () => {
    expect(titled('Ben-Hur').map(({ facts }) => facts.year)).toEqual([1925, 1959]);
    expect(catalogue.films.length - new Set(catalogue.films.map(({ facts }) => facts.title)).size).toBe(24);
  });

  test('earnings of nothing are not the same as none known', () => {
    expect(catalogue.films.filter(({ facts }) => facts.worldGross === 0)).toHaveLength(47);
    expect(catalogue.films.filter(({ facts }) => facts.worldGross === undefined)).toHaveLength(7);
  });

  test('every value of the list that no rule takes away is in a film', () => {
    const given = rows.flatMap((row) => Object.values(row)).filter((value) => value !== null).length;
    const kept = catalogue.films.reduce((sum, { facts, links }) => sum + Object.keys(facts).length + Object.keys(links).length, 0);
    // Each film has a year beside its day; one title was added, one distributor is none.
    expect(kept - catalogue.films.length).toBe(given + 1 - 1);
  });
});

describe('a row that is not as expected stops it', () => {
  test.each([
    ['a day that is none', { 'Release Date': 'Smarch 13 1990' }, /without title or day/],
    ['a number that is a text', { 'IMDB Votes': 'many' }, /IMDB Votes should be a number/],
    ['a name that is a number', { Director: 7 }, /Director should be a text/],
  ])('%s', (_what, broken, message) => {
    expect(() => makeCatalogue([{ ...rows[0], ...broken }], () => 'id')).toThrow(message);
  });
});
