// The quirks of the reference client that are mended on purpose, with what is expected instead.
// README.md beside this file tells why.

import { expect } from 'vitest';

type Run = () => unknown;

const names =
  (etype: string, label: string, ...expected: string[]) =>
  (run: Run): void => {
    const { data } = run() as { data: Record<string, Record<string, unknown>[]> };
    expect(data[etype]?.map((row) => row[label])).toEqual(expected);
  };

/** By id of a query, order or page vector. */
export const mendedQueries: Readonly<Record<string, (run: Run) => void>> = {
  'w-eq-null': (run) => expect(run).toThrow(/null is no condition/),
  'w-lt-null': names('acts', 'name', 'Wren', 'Owls'),
  'w-two-ops': names('acts', 'name', 'Wren', 'Owls'),
  'w-link-rev-in': names('acts', 'name', 'Lynx', 'Owls'),
  'w-link-rev-ne': names('acts', 'name', 'Lynx', 'Moth', 'Wren', 'Owls'),
  'w-var-clash': names('sets', 'title', 'Opening'),
  'w-var-clash2': names('sets', 'title', 'Late'),
  'w-date-num': names('acts', 'name', 'Lynx'),
  'w-date-eq-other': names('acts', 'name', 'Owls'),
  'w-date-obj-eq': names('acts', 'name', 'Owls'),
  'p-last-new': names('acts', 'name', 'Fir', 'New'),
};

interface StepsExpected {
  readonly added?: unknown[][];
  readonly removed?: unknown[][];
  readonly results?: readonly unknown[];
}

const A1 = 'ac700000-0000-4000-8000-000000000001';
const A2 = 'ac700000-0000-4000-8000-000000000002';
const S1 = '57a6e000-0000-4000-8000-000000000001';
const S2 = '57a6e000-0000-4000-8000-000000000002';
const T1 = '5e700000-0000-4000-8000-000000000001';
const T3 = '5e700000-0000-4000-8000-000000000003';
const attr = (n: string): string => `a77a0000-0000-4000-8000-0000000000${n}`;

const lakeGone = [
  [S1, attr('08'), S1],
  [S1, attr('09'), 'Lake'],
];
const brunchGone = [
  [T3, attr('11'), T3],
  [T3, attr('12'), 'Brunch'],
  [T3, attr('14'), 45],
  [T3, attr('19'), A2],
  [T3, attr('21'), S1],
];
const openingGone = [
  [T1, attr('11'), T1],
  [T1, attr('12'), 'Opening'],
  [T1, attr('14'), 30],
  [T1, attr('19'), A1],
  [T1, attr('20'), A2],
  [T1, attr('21'), S1],
];
const actsGone = (id: string, ...values: [string, unknown][]): unknown[][] => [
  [id, attr('01'), id],
  ...values.map(([n, v]) => [id, attr(n), v]),
];

/** By id of a step vector: what its first transaction does instead, and what its queries show. */
export const mendedSteps: Readonly<Record<string, StepsExpected>> = {
  't-retract-null': {
    results: [
      { data: { fans: [{ id: 'fa200000-0000-4000-8000-000000000002', handle: 'bo' }] } },
      { data: { fans: [{ id: 'fa200000-0000-4000-8000-000000000001', handle: 'ana' }] } },
    ],
  },
  't-relink-null': { results: [{ data: { stages: [{ id: S1, name: 'Lake' }] } }] },
  't-relink-cascade': { added: [[T1, attr('21'), S2]], removed: [[T1, attr('21'), S1], ...lakeGone, ...brunchGone] },
  'm-absent': { added: [[A2, attr('07'), { towels: 1 }]] },
  'e-no-etype': { removed: [...lakeGone, ...brunchGone, ...openingGone] },
  'e-cascade-cycle': {
    added: [],
    removed: [
      ...actsGone(A1, ['02', 'Owls'], ['03', 'folk'], ['04', 100], ['07', { towels: 4, tea: { mint: true, milk: 'oat' } }]),
      ...actsGone(A2, ['02', 'Lynx'], ['03', null], ['04', 250]),
      [T1, attr('19'), A1],
      [T1, attr('20'), A2],
      [T3, attr('19'), A2],
      ['fa200000-0000-4000-8000-000000000001', attr('22'), A1],
      ['fa200000-0000-4000-8000-000000000001', attr('22'), A2],
      ['fa200000-0000-4000-8000-000000000002', attr('22'), A1],
    ],
  },
};

const A1_CREW = '$attr:acts.crew';
const A5 = 'ac700000-0000-4000-8000-000000000005';

/** By id of a transform vector: the steps expected instead. */
export const mendedExpansions: Readonly<Record<string, readonly unknown[]>> = {
  'x-undefined-attr': [['add-triple', A5, attr('01'), A5]],
  'x-params-id': [['rule-params', A1, 'acts', { id: 'k', n: 1 }]],
  'n-lookup-link': [
    [
      'add-attr',
      {
        id: A1_CREW,
        'forward-identity': ['$uuid', 'acts', 'crew'],
        'reverse-identity': ['$uuid', 'crew', 'acts'],
        'value-type': 'ref',
        cardinality: 'many',
        'unique?': false,
        'index?': false,
        isUnsynced: true,
      },
    ],
    [
      'add-attr',
      {
        id: '$attr:crew.badge',
        'forward-identity': ['$uuid', 'crew', 'badge'],
        'value-type': 'blob',
        cardinality: 'one',
        'unique?': true,
        'index?': true,
        isUnsynced: true,
      },
    ],
    ['add-triple', A1, A1_CREW, ['$attr:crew.badge', 9]],
  ],
};

interface Verdict {
  readonly valid: boolean;
  readonly path?: string;
  readonly mentions?: readonly string[];
}

/** By id of a validation vector: the verdict expected instead. */
export const mendedValidations: Readonly<Record<string, Verdict>> = {
  'vq-link-nonobj': { valid: false, path: 'acts.sets', mentions: ['number'] },
  'vq-nested-offset-noschema': { valid: false, path: 'fans.likes.$', mentions: ['offset'] },
  'vq-where-null': { valid: false, path: 'acts.$.where.genre', mentions: ['$isNull'] },
  'vq-where-or': { valid: false, path: 'acts.$.where.or[0].mood', mentions: ['mood'] },
  'vq-where-or-nonarr': { valid: false, path: 'acts.$.where.or', mentions: ['array'] },
};

/** By id of a dialogue, by place in it: the event expected instead. */
export const mendedDialogues: Readonly<Record<string, Readonly<Record<number, unknown>>>> = {
  // Our own words for the same error.
  'o-throw': {
    5: { expectStatus: { t: "error: A lookup needs a unique attribute, and 'acts.fee' is not unique" } },
  },
  // What another query knows of a row enters.
  'o-enter-known': {
    6: { expect: { folk: { data: { acts: [] } }, jazz: { data: { acts: [{ id: A1, name: 'Owls', genre: 'jazz', fee: 100 }] } } } },
  },
  'o-ghost': {
    7: { expect: { q: { data: { acts: ghostAfterRefusal() } } } },
  },
};

/** The refused name is gone at once: what the server said is shown. */
function ghostAfterRefusal(): unknown[] {
  return [
    { id: A2, name: 'Lynxes', genre: null, fee: 250 },
    { id: A1, name: 'Owls', genre: 'folk', fee: 100 },
  ];
}
