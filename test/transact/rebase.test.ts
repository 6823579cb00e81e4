// Pending steps against attributes that arrive later: the cases by name, and what holds for every write.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Attrs } from '../../src/db/attrs.ts';
import { id } from '../../src/lib/uuid.ts';
import type { WireAttr } from '../../src/protocol/attr.ts';
import type { Step } from '../../src/protocol/transact-messages.ts';
import { expandChunks } from '../../src/transact/expand.ts';
import { isNameTaken, isOfOtherSteps, rebase, type Renames } from '../../src/transact/rebase.ts';
import { check } from '../support/runs.ts';

const E = id();
const F = id();

const blob = (name: string, etype: string, label: string, more: Partial<WireAttr> = {}): WireAttr => ({
  id: name,
  'forward-identity': [`${name}-ident`, etype, label],
  'value-type': 'blob',
  cardinality: 'one',
  'unique?': label === 'id',
  'index?': false,
  ...more,
});

const link = (name: string, from: [string, string], to: [string, string], more: Partial<WireAttr> = {}): WireAttr => ({
  ...blob(name, ...from),
  'reverse-identity': [`${name}-reverse`, ...to],
  'value-type': 'ref',
  cardinality: 'many',
  ...more,
});

const server = Attrs.from([
  blob('S.id', 'acts', 'id'),
  blob('S.mood', 'acts', 'mood'),
  link('S.likes', ['fans', 'likes'], ['acts', 'fans']),
  link('S.pass', ['fans', 'pass'], ['passes', 'holder'], { 'unique?': true, cardinality: 'one' }),
]);

const local = {
  mood: blob('L.mood', 'acts', 'mood'),
  fans: link('L.fans', ['acts', 'fans'], ['fans', 'acts']),
  size: blob('L.size', 'acts', 'size'),
};

/** The attrs a write adds, as a list of the server has them then. */
function added(steps: readonly Step[]): WireAttr[] {
  return steps.flatMap((step) => {
    if (step[0] !== 'add-attr') return [];
    const { isUnsynced: _, ...attr } = step[1];
    return [attr];
  });
}

describe('a name that the server has', () => {
  it.each<[string, readonly Step[], readonly Step[]]>([
    [
      'a field',
      [
        ['add-attr', local.mood],
        ['add-triple', E, 'L.mood', 'calm', { mode: 'update' }],
      ],
      [['add-triple', E, 'S.mood', 'calm', { mode: 'update' }]],
    ],
    [
      'a merge',
      [
        ['add-attr', local.mood],
        ['deep-merge-triple', E, 'L.mood', { a: 1 }],
      ],
      [['deep-merge-triple', E, 'S.mood', { a: 1 }]],
    ],
    [
      'a lookup as the entity',
      [
        ['add-attr', local.mood],
        ['add-triple', ['L.mood', 'calm'], 'S.id', ['L.mood', 'calm']],
      ],
      [['add-triple', ['S.mood', 'calm'], 'S.id', ['S.mood', 'calm']]],
    ],
    [
      'a lookup as the target',
      [
        ['add-attr', local.mood],
        ['add-triple', F, 'S.likes', ['L.mood', 'calm']],
      ],
      [['add-triple', F, 'S.likes', ['S.mood', 'calm']]],
    ],
    [
      'a delete by lookup',
      [
        ['add-attr', local.mood],
        ['delete-entity', ['L.mood', 'calm'], 'acts'],
      ],
      [['delete-entity', ['S.mood', 'calm'], 'acts']],
    ],
    [
      'a delete without a namespace',
      [
        ['add-attr', local.mood],
        ['delete-entity', ['L.mood', 'calm']],
      ],
      [['delete-entity', ['S.mood', 'calm']]],
    ],
    [
      'rules by lookup',
      [
        ['add-attr', local.mood],
        ['rule-params', ['L.mood', 1], 'acts', { a: 1 }],
      ],
      [['rule-params', ['S.mood', 1], 'acts', { a: 1 }]],
    ],
    [
      'a change of the attr',
      [
        ['add-attr', local.mood],
        ['update-attr', { id: 'L.mood', 'index?': true }],
      ],
      [['update-attr', { id: 'S.mood', 'index?': true }]],
    ],
    [
      'a removal of the attr',
      [
        ['add-attr', local.mood],
        ['delete-attr', 'L.mood'],
      ],
      [['delete-attr', 'S.mood']],
    ],
    [
      'a link the other way round: its ends change places',
      [
        ['add-attr', local.fans],
        ['add-triple', E, 'L.fans', F],
        ['retract-triple', E, 'L.fans', F],
      ],
      [
        ['add-triple', F, 'S.likes', E],
        ['retract-triple', F, 'S.likes', E],
      ],
    ],
    [
      'a link the other way round, both ends lookups',
      [
        ['add-attr', local.mood],
        ['add-attr', local.fans],
        ['add-triple', ['L.mood', 1], 'L.fans', ['S.pass', F]],
      ],
      [['add-triple', ['S.pass', F], 'S.likes', ['S.mood', 1]]],
    ],
    [
      'the attr itself, returned by the server',
      [
        ['add-attr', blob('S.mood', 'acts', 'mood')],
        ['add-triple', E, 'S.mood', 1],
      ],
      [['add-triple', E, 'S.mood', 1]],
    ],
  ])('%s', (_title, steps, expected) => {
    expect(rebase(steps, server)).toEqual(expected);
  });
});

describe("attrs that two tabs of a device have taken for the server's", () => {
  const acknowledged = Attrs.from([{ ...blob('A.mood', 'acts', 'mood'), isUnsynced: true }]);

  it('what an acknowledged write may have added under another id is added again by the next', () => {
    expect(
      rebase(
        [
          ['add-attr', local.mood],
          ['add-triple', E, 'L.mood', 'calm'],
        ],
        acknowledged,
      ),
    ).toEqual([
      ['add-attr', { ...blob('A.mood', 'acts', 'mood'), isUnsynced: true }],
      ['add-triple', E, 'A.mood', 'calm'],
    ]);
  });

  it('the attr of the server is not renamed, and others are renamed to it over several steps', () => {
    const renames: Renames = new Map([
      ['S.mood', { id: 'A.mood', isSwapped: false }],
      ['L.mood', { id: 'A.mood', isSwapped: false }],
      ['A.mood', { id: 'S.mood', isSwapped: false }],
      ['L.fans', { id: 'A.fans', isSwapped: true }],
      ['A.fans', { id: 'S.likes', isSwapped: true }],
    ]);
    expect(
      rebase(
        [
          ['add-triple', E, 'S.mood', 'calm'],
          ['add-triple', E, 'L.mood', 'calm'],
          ['add-triple', E, 'L.fans', F],
          ['add-triple', E, 'A.fans', F],
        ],
        server,
        renames,
      ),
    ).toEqual([
      ['add-triple', E, 'S.mood', 'calm'],
      ['add-triple', E, 'S.mood', 'calm'],
      ['add-triple', E, 'S.likes', F],
      ['add-triple', F, 'S.likes', E],
    ]);
  });

  it('renames in a circle end', () => {
    const renames: Renames = new Map([
      ['L.x', { id: 'L.y', isSwapped: false }],
      ['L.y', { id: 'L.x', isSwapped: false }],
    ]);
    expect(rebase([['add-triple', E, 'L.x', 1]], server, renames)).toEqual([['add-triple', E, 'L.x', 1]]);
  });
});

describe('left as it is', () => {
  it.each<[string, readonly Step[]]>([
    ['nothing new', [['add-triple', E, 'S.mood', 'calm']]],
    [
      'a name the server does not have',
      [
        ['add-attr', local.size],
        ['add-triple', E, 'L.size', 1],
      ],
    ],
    [
      'a link where the server has a value',
      [
        ['add-attr', link('L.x', ['acts', 'mood'], ['mood', 'acts'])],
        ['add-triple', E, 'L.x', F],
      ],
    ],
    [
      'a value where the server has a link',
      [
        ['add-attr', blob('L.x', 'fans', 'likes')],
        ['add-triple', F, 'L.x', 'jazz'],
      ],
    ],
    [
      'a value where the server has the far end of a link',
      [
        ['add-attr', blob('L.x', 'acts', 'fans')],
        ['add-triple', E, 'L.x', 'many'],
      ],
    ],
    [
      'changes and removals of attrs',
      [
        ['update-attr', { id: 'S.mood', 'index?': true }],
        ['delete-attr', 'S.mood'],
        ['restore-attr', 'S.mood'],
      ],
    ],
  ])('%s', (_title, steps) => {
    expect(rebase(steps, server)).toBe(steps);
  });

  it('a value that looks like a local attr, alone or as a lookup', () => {
    const steps: Step[] = [
      ['add-attr', local.mood],
      ['add-triple', E, 'L.mood', 'L.mood'],
      ['add-triple', E, 'L.mood', ['L.mood', 1]],
      ['rule-params', E, 'acts', { mood: 'L.mood' }],
    ];
    expect(rebase(steps, server)).toEqual([
      ['add-triple', E, 'S.mood', 'L.mood'],
      ['add-triple', E, 'S.mood', ['L.mood', 1]],
      ['rule-params', E, 'acts', { mood: 'L.mood' }],
    ]);
  });

  it('an attr that is acknowledged and not yet in a list of the server', () => {
    const steps: Step[] = [['add-attr', local.mood]];
    expect(rebase(steps, Attrs.from([{ ...local.mood, isUnsynced: true }]))).toBe(steps);
  });
});

describe('a queue', () => {
  it('a later write can use an id that an earlier one added', () => {
    const renames: Renames = new Map();
    rebase(
      [
        ['add-attr', local.fans],
        ['add-triple', E, 'L.fans', F],
      ],
      server,
      renames,
    );
    expect(rebase([['retract-triple', E, 'L.fans', F]], server, renames)).toEqual([['retract-triple', F, 'S.likes', E]]);
  });
});

describe('two clients that create an attribute at the same moment', () => {
  const write = (attrs: Attrs, label: string): Step[] => expandChunks({ __ops: [['update', 'tents', E, { [label]: 1 }]] }, { attrs, id });
  const ours = write(Attrs.empty, 'size');
  const theirs = write(Attrs.empty, 'size');
  const rejection = { type: 'record-not-unique', message: '', hint: { etype: 'tents', label: 'size' } };

  it('the rejection of the second is recognized as a taken name', () => {
    expect(isNameTaken(rejection, theirs)).toBe(true);
    expect(isNameTaken({ ...rejection, hint: { etype: 'tents', label: 'colour' } }, theirs)).toBe(false);
    expect(isNameTaken({ ...rejection, type: 'validation-failed' }, theirs)).toBe(false);
    expect(isNameTaken({ ...rejection, hint: null }, theirs)).toBe(false);
    expect(isNameTaken(rejection, theirs.slice(2))).toBe(false);
    const reverse = { ...rejection, hint: { etype: 'fans', label: 'acts' } };
    expect(isNameTaken(reverse, [['add-attr', local.fans]])).toBe(true);
  });

  it('the rejection of an earlier sending, which comes twice, is not one of steps that no longer use the name', () => {
    const taken = { ...rejection, hint: { ...rejection.hint, 'record-type': 'ident' } };
    const other: Step = ['add-attr', blob('other', 'elsewhere', 'size')];
    expect(isOfOtherSteps(taken, theirs)).toBe(false);
    for (const steps of [theirs.slice(2), [other, ...theirs.slice(2)]]) expect(isOfOtherSteps(taken, steps)).toBe(true);
    // Who knows which name it gives back.
    expect(isOfOtherSteps(taken, [['restore-attr', 'other']])).toBe(false);
  });

  it('the second write has the same steps with the ids of the first', () => {
    const after = Attrs.from(added(ours));
    expect(rebase(theirs, after)).toEqual(ours.filter(([op]) => op !== 'add-attr'));
  });

  it('the two ends of one new link become one link', () => {
    const fromActs = expandChunks({ __ops: [['link', 'acts', E, { fans: F }]] }, { attrs: Attrs.empty, id });
    const fromFans = expandChunks({ __ops: [['link', 'fans', F, { acts: E }]] }, { attrs: Attrs.empty, id });
    const after = Attrs.from(added(fromActs));
    expect(rebase(fromFans, after).filter(([op]) => op === 'add-triple')).toEqual(fromActs.filter(([op]) => op === 'add-triple'));
  });
});

describe('every write', () => {
  const label = fc.constantFrom('a', 'b', 'c', 'tents');
  const etype = fc.constantFrom('acts', 'tents', 'a');
  const entity = fc.oneof(fc.constantFrom(E, F), fc.tuple(fc.constantFrom('u', 'v'), fc.integer()));
  const op = fc.oneof(
    fc.tuple(fc.constantFrom('create', 'update', 'merge'), etype, entity, fc.dictionary(label, fc.jsonValue())),
    fc.tuple(fc.constantFrom('link', 'unlink'), etype, entity, fc.dictionary(label, fc.constantFrom(E, F, [E, F]))),
    fc.tuple(fc.constant('delete'), etype, entity),
  );
  /** Both clients start with nothing; what does not go together is no write. */
  const write = fc.array(op, { maxLength: 4 }).map((ops) => {
    try {
      return expandChunks({ __ops: ops }, { attrs: Attrs.empty, id });
    } catch {
      return [];
    }
  });

  it('rebased twice equals rebased once', () => {
    check(
      fc.property(write, write, (steps, others) => {
        const attrs = Attrs.from(added(others));
        const once = rebase(steps, attrs);
        expect(rebase(once, attrs)).toBe(once);
      }),
    );
  });

  it('rebased onto itself loses only its add-attr steps', () => {
    check(
      fc.property(write, (steps) => {
        expect(rebase(steps, Attrs.from(added(steps)))).toEqual(steps.filter(([action]) => action !== 'add-attr'));
      }),
    );
  });

  it('keeps its data steps, in order, except for attr ids and the ends of a link', () => {
    check(
      fc.property(write, write, (steps, others) => {
        const attrs = Attrs.from(added(others));
        const known = new Set([...added(steps), ...added(others)].map((attr) => attr.id));
        const bare = (step: Step): string => {
          const text = JSON.stringify(step, (_key, value: unknown) => (typeof value === 'string' && known.has(value) ? 'attr' : value));
          const [action, e, a, v, ...rest] = JSON.parse(text) as unknown[];
          const ends = [e, v].map((end) => JSON.stringify(end) ?? '').sort();
          return JSON.stringify([action, a, ends, rest]);
        };
        const data = (list: readonly Step[]): string[] => list.filter(([action]) => action !== 'add-attr').map(bare);
        const before = JSON.stringify(steps);
        expect(data(rebase(steps, attrs))).toEqual(data(steps));
        expect(JSON.stringify(steps)).toBe(before);
      }),
    );
  });

  it('refers afterwards only to attrs that the server has or that it adds', () => {
    check(
      fc.property(write, write, (steps, others) => {
        const attrs = Attrs.from(added(others));
        const after = rebase(steps, attrs);
        const own = new Set(added(after).map((attr) => attr.id));
        for (const step of after) {
          if (step[0] !== 'add-triple' && step[0] !== 'retract-triple' && step[0] !== 'deep-merge-triple') continue;
          expect(own.has(step[2]) || attrs.byId(step[2]) !== undefined).toBe(true);
        }
      }),
    );
  });
});
