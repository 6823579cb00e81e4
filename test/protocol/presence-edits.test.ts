import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { assocInMutative, dissocInMutative, insertInMutative } from '../../node_modules/@instantdb/core/dist/esm/utils/object.js';
import { applyPatches, diffPresence, type PresencePatch, tryPatches } from '../../src/protocol/presence-edits.ts';
import { check } from '../support/runs.ts';

const peer = (data: unknown): object => ({ 'peer-id': 'A', user: null, data });

type Room = Record<string, unknown>;
const room = (data: unknown): Room => ({ A: peer(data) });

/** What servers in use send for a change, and what it comes to. PROTOCOL.md#patch-presence */
const recorded: [what: string, before: Room, edits: PresencePatch[], after: Room][] = [
  ['a peer joins', { A: 1 }, [[['B'], '+', { data: {} }]], { A: 1, B: { data: {} } }],
  ['a peer leaves', { A: 1, B: 2 }, [[['B'], '-']], { A: 1 }],
  [
    'one leaves, one joins',
    { A: 1 },
    [
      [['A'], '-'],
      [['B'], '+', 2],
    ],
    { B: 2 },
  ],
  ['all leave, one joins', { A: 1, B: 2, C: 3 }, [[[], 'r', { D: 4 }]], { D: 4 }],
  ['from nothing', room({}), [[['A', 'data'], 'r', { a: 'a' }]], room({ a: 'a' })],
  ['a key is added', room({ a: 1 }), [[['A', 'data', 'b'], '+', 2]], room({ a: 1, b: 2 })],
  ['a key changes', room({ a: 'a' }), [[['A', 'data', 'a'], 'r', 'z']], room({ a: 'z' })],
  ['a key is removed', room({ a: 1, b: 2 }), [[['A', 'data', 'b'], '-']], room({ a: 1 })],
  ['the last key is removed, by replacing', room({ a: 1 }), [[['A', 'data'], 'r', {}]], room({})],
  ['the last key is removed', room({ a: 1 }), [[['A', 'data', 'a'], '-']], room({})],
  ['all keys differ', room({ a: 1, b: 2 }), [[['A', 'data'], 'r', { c: 'x', d: 'y' }]], room({ c: 'x', d: 'y' })],
  ['a nested value', room({ cursor: { x: 1, y: 2 } }), [[['A', 'data', 'cursor', 'x'], 'r', 5]], room({ cursor: { x: 5, y: 2 } })],
  ['to null', room({ a: 1 }), [[['A', 'data'], 'r', null]], room(null)],
  ['push', room({ sel: [1, 2, 3] }), [[['A', 'data', 'sel', 3], '+', 4]], room({ sel: [1, 2, 3, 4] })],
  ['insert at the front', room({ sel: [1, 2] }), [[['A', 'data', 'sel', 0], '+', 0]], room({ sel: [0, 1, 2] })],
  [
    'remove twice, by the indexes of the moment',
    room({ sel: [1, 2, 3, 4, 5] }),
    [
      [['A', 'data', 'sel', 1], '-'],
      [['A', 'data', 'sel', 2], '-'],
    ],
    room({ sel: [1, 3, 5] }),
  ],
  ['replace an item', room({ sel: [1, 2, 3] }), [[['A', 'data', 'sel', 1], 'r', 9]], room({ sel: [1, 9, 3] })],
  ['the last item is removed', room({ sel: [1] }), [[['A', 'data', 'sel', 0], '-']], room({ sel: [] })],
  ['into an item', room({ sel: [{ x: 1 }] }), [[['A', 'data', 'sel', 0, 'x'], 'r', 2]], room({ sel: [{ x: 2 }] })],
  [
    'two peers',
    { A: peer({ a: 1 }), B: peer({ a: 1 }) },
    [
      [['A', 'data', 'a'], 'r', 9],
      [['B', 'data', 'a'], 'r', 8],
    ],
    { A: peer({ a: 9 }), B: peer({ a: 8 }) },
  ],
  ['nothing', { A: 1 }, [], { A: 1 }],
];

describe('patches are applied', () => {
  test.each(recorded)('%s', (_, before, patches, after) => {
    const copy = structuredClone(before);
    expect(tryPatches(before, patches)).toEqual({ state: after, skipped: 0 });
    expect(before).toEqual(copy);
  });

  test.each(recorded)('and computed: %s', (_, before, __, after) => {
    expect(applyPatches(before, diffPresence(before, after))).toEqual(after);
  });

  test('values that no patch touches keep their identity', () => {
    const before = { A: { data: { a: { x: 1 }, b: { y: 1 } } }, B: { data: {} } };
    const after = applyPatches(before, [[['A', 'data', 'a', 'x'], 'r', 2]]) as typeof before;
    expect(after.B).toBe(before.B);
    expect(after.A.data.b).toBe(before.A.data.b);
    expect(after.A.data.a).not.toBe(before.A.data.a);
  });

  test('removing an absent value does not count as skipped', () => {
    expect(tryPatches({ A: 1 }, [[['B'], '-']])).toEqual({ state: { A: 1 }, skipped: 0 });
  });

  test.each<[what: string, edit: unknown]>([
    ['an unknown peer', [['B', 'data', 'a'], 'r', 1]],
    ['a missing key', [['A', 'data', 'b', 'c'], '+', 1]],
    ['inside a string', [['A', 'peer-id', 'x'], '+', 1]],
    ['inside null', [['A', 'user', 'id'], 'r', 1]],
    ['beyond the end', [['A', 'data', 'list', 3], '+', 1]],
    ['at the end, to replace', [['A', 'data', 'list', 2], 'r', 1]],
    ['before the start', [['A', 'data', 'list', -1], '-']],
    ['between two items', [['A', 'data', 'list', 0.5], 'r', 1]],
    ['an item by a string index', [['A', 'data', 'list', '0'], 'r', 1]],
    ['a field by number', [['A', 'data', 0], 'r', 1]],
    ['a prototype', [['__proto__', 'isAdmin'], '+', true]],
    ['a prototype, itself', [['__proto__'], 'r', {}]],
    ['an inherited property', [['A', 'constructor', 'x'], 'r', 1]],
    ['the room, to remove', [[], '-']],
    ['no value', [['A'], 'r']],
    ['no op', [['A']]],
    ['another op', [['A'], 'x', 1]],
    ['no path', ['A', 'r', 1]],
    ['no edit', null],
    ['an overlong path', [Array(2000).fill('A'), 'r', 1]],
  ])('a patch for a missing path is skipped: %s', (_, patch) => {
    const state = { A: peer({ list: [1, 2] }) };
    const patches: PresencePatch[] = JSON.parse(JSON.stringify([patch]));
    expect(tryPatches(state, patches)).toEqual({ state, skipped: 1 });
    expect(Object.getPrototypeOf(applyPatches(state, patches))).toBe(Object.prototype);
  });

  test('one skipped patch does not stop the others', () => {
    expect(
      tryPatches({ A: 1 }, [
        [['B', 'x'], '-'],
        [['C'], '+', 3],
      ]),
    ).toEqual({ state: { A: 1, C: 3 }, skipped: 1 });
  });
});

describe('patches are computed', () => {
  test.each<[what: string, before: unknown, after: unknown, edits: PresencePatch[]]>([
    ['no change', room({ a: [1, { b: 2 }] }), room({ a: [1, { b: 2 }] }), []],
    ['one key', room({ name: 'a', colour: 'teal' }), room({ name: 'b', colour: 'teal' }), [[['A', 'data', 'name'], 'r', 'b']]],
    ['the last key', room({ a: 1 }), room({}), [[['A', 'data'], 'r', {}]]],
    ['all keys', room({ a: 1, b: 2 }), room({ c: 1, d: 2 }), [[['A', 'data'], 'r', { c: 1, d: 2 }]]],
    [
      'all peers',
      { A: 1, B: 2 },
      { C: 3 },
      [
        [['C'], '+', 3],
        [['A'], '-'],
        [['B'], '-'],
      ],
    ],
    ['the last peer', { A: 1 }, {}, [[['A'], '-']]],
    [
      'push to a long list',
      room({ trail: Array(20).fill({ x: 1, y: 2 }) }),
      room({ trail: [...Array(20).fill({ x: 1, y: 2 }), { x: 3, y: 4 }] }),
      [[['A', 'data', 'trail', 20], '+', { x: 3, y: 4 }]],
    ],
    [
      'two from the middle',
      room({ list: ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten', 'eleven', 'twelve'] }),
      room({ list: ['one', 'two', 'three', 'six', 'seven', 'eight', 'nine', 'ten', 'eleven', 'twelve'] }),
      [
        [['A', 'data', 'list', 4], '-'],
        [['A', 'data', 'list', 3], '-'],
      ],
    ],
    ['not a room', [1], { A: 1 }, [[[], 'r', { A: 1 }]]],
  ])('%s', (_, before, after, patches) => {
    expect(diffPresence(before, after)).toEqual(patches);
  });

  const key = fc.constantFrom('a', 'b', 'c', 'data', 'user');
  const { value: anyJson } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom(null, true, 0, 1, 'x', 'y'),
      fc.array(tie('value'), { maxLength: 6 }),
      fc.dictionary(key, tie('value'), { maxKeys: 5 }),
    ),
  }));
  const anyRoom = fc.dictionary(fc.constantFrom('A', 'B', 'C'), fc.record({ 'peer-id': fc.constant('p'), data: anyJson }));

  test('they produce the new state, with no patch skipped', () => {
    check(
      fc.property(fc.oneof(anyJson, anyRoom), fc.oneof(anyJson, anyRoom), (before, after) => {
        const sent: PresencePatch[] = JSON.parse(JSON.stringify(diffPresence(before, after)));
        expect(tryPatches(before, sent)).toEqual({ state: after, skipped: 0 });
      }),
      2000,
    );
  });

  test('there are none if nothing changed', () => {
    check(
      fc.property(anyJson, (value) => {
        expect(diffPresence(value, structuredClone(value))).toEqual([]);
      }),
    );
  });

  test('they never replace the whole room, and leave no object empty midway', () => {
    check(
      fc.property(anyRoom, anyRoom, (before, after) => {
        let state: unknown = before;
        for (const patch of diffPresence(before, after)) {
          expect(patch[0]).not.toEqual([]);
          state = applyPatches(state, [patch]);
          const parent = patch[0].slice(0, -1).reduce<unknown>((at, step) => (at as Record<string, unknown>)[step], state);
          if (patch[1] === '-' && patch[0].length > 1) expect(Object.keys(parent as object)).not.toEqual([]);
        }
      }),
      1000,
    );
  });

  test('they are never longer than sending each changed peer', () => {
    check(
      fc.property(anyRoom, anyRoom, (before, after) => {
        const whole = Object.keys({ ...before, ...after }).map((id) => (id in after ? [[id], 'r', after[id]] : [[id], '-']));
        expect(JSON.stringify(diffPresence(before, after)).length).toBeLessThanOrEqual(JSON.stringify(whole).length);
      }),
    );
  });

  test('the official client, which supports only some patches, can apply these', () => {
    check(
      fc.property(anyRoom, anyRoom, (before, after) => {
        const state = structuredClone(before);
        for (const [path, op, value] of diffPresence(before, after)) {
          if (op === '+') insertInMutative(state, [...path], value);
          else if (op === 'r') assocInMutative(state, [...path], value);
          else dissocInMutative(state, [...path]);
        }
        expect(state).toEqual(after);
      }),
      2000,
    );
  });
});
