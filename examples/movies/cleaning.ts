// The cleaning table: what is wrong with the film list of vega-datasets, and what is done about it, one rule for each kind of fault. A rule
// says what a value becomes, or nothing if it is none of its business. What is not in this table is kept as it is; README.md lists both.

export type Raw = string | number | null;

export interface Rule {
  readonly name: string;
  /** The column, as the list calls it. */
  readonly column: string;
  /** Undefined if the rule does not apply; null if there is no value. */
  readonly mend: (value: Raw) => Raw | undefined;
}

/** The last year of the list, for which two films were announced. Later years are a century too late. */
export const lastYear = 2011;

/** Latin-1 that was read as if it were Mac Roman. Signs that are right as they are, as in 'Alien³' and 'Ri¢hie Ri¢h', are not here. */
const misread: ReadonlyMap<string, string> = new Map([
  ...([
    ['È', 'é'],
    ['Ë', 'è'],
    ['Í', 'ê'],
    ['Î', 'ë'],
    ['‡', 'à'],
    ['·', 'á'],
    ['‰', 'ä'],
  ] as const),
  ...([
    ['Û', 'ó'],
    ['Ù', 'ô'],
    ['˘', 'ù'],
    ['Ω', '½'],
    ['Ö', '…'],
  ] as const),
]);

export const rules: readonly Rule[] = [
  { name: 'title-is-number', column: 'Title', mend: (value) => (typeof value === 'number' ? String(value) : undefined) },
  // The film of 3 November 2006 is called 'Unknown', which was read as "not known".
  { name: 'title-is-missing', column: 'Title', mend: (value) => (value === null ? 'Unknown' : undefined) },
  { name: 'title-article-last', column: 'Title', mend: inText((text) => text.replace(/^(.+), The$/, 'The $1')) },
  { name: 'title-misread', column: 'Title', mend: inText((text) => text.replace(/[^\x20-\x7e]/g, (sign) => misread.get(sign) ?? sign)) },
  { name: 'title-two-spaces', column: 'Title', mend: inText((text) => text.replace(/ {2,}/g, ' ')) },
  { name: 'director-two-quotes', column: 'Director', mend: inText((text) => text.replaceAll('""', '"')) },
  { name: 'distributor-unknown', column: 'Distributor', mend: (value) => (value === 'Distributor Unknown' ? null : undefined) },
  { name: 'released-a-century-late', column: 'Release Date', mend: inText(backACentury) },
];

function inText(change: (text: string) => string): (value: Raw) => string | undefined {
  return (value) => {
    const changed = typeof value === 'string' ? change(value) : value;
    return typeof changed === 'string' && changed !== value ? changed : undefined;
  };
}

/** 'Feb 08 2015' was 'Feb 08 15' once. */
function backACentury(date: string): string {
  return date.replace(/\d{4}$/, (year) => (Number(year) > lastYear ? String(Number(year) - 100) : year));
}
