// The stand-in of the original server, held to recordings: what it refuses, and how it says so.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { systemClock } from '../../src/lib/clock.ts';
import { silent } from '../../src/lib/log.ts';
import { systemRandom } from '../../src/lib/random.ts';
import type { WireAttr } from '../../src/protocol/attr.ts';
import type { Step } from '../../src/protocol/transact-messages.ts';
import { defaultLimits } from '../../src/server/limits.ts';
import { Hub } from '../../src/server/session/hub.ts';
import { memory } from '../../src/server/storage/memory.ts';
import { grouped, OriginalServer } from '../support/original/double.ts';
import { RawClient } from '../support/original/raw-client.ts';
import { readRecording } from './transcript.ts';

interface Exchange {
  readonly step: string;
  readonly heard: Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>;
}

const dialogue = (readRecording('frames', 'dialogues') as Record<string, readonly Exchange[]>)['transact'] ?? [];
/** What the original answered to the writer. */
const recorded = (step: string): Readonly<Record<string, unknown>> => dialogue.find((each) => each.step === step)?.heard['a']?.[0] ?? {};
const kindOf = ({ op, type, status }: Readonly<Record<string, unknown>>): unknown => ({ op, type, status });

const row = 'c0ffee00-0000-4000-8000-000000000001';
const other = 'c0ffee00-0000-4000-8000-000000000002';

describe('the stand-in of the original', () => {
  let server: OriginalServer;
  let client: RawClient;
  const committed: (readonly Step[])[] = [];

  beforeEach(async () => {
    committed.length = 0;
    const appId = systemRandom.uuid();
    const hub = new Hub({
      ...{ appId, adminToken: 'admin', storage: memory(), log: silent, limits: defaultLimits, createAppsOnUse: true },
      ...{ clock: systemClock, random: systemRandom, userOf: () => Promise.reject(new Error('nobody')) },
    });
    server = new OriginalServer({ random: Math.random, maxRefreshDelay: 60, onCommit: (_eventId, steps) => void committed.push(steps) });
    client = new RawClient(server.connect((peer) => hub.connect(peer)), appId); // prettier-ignore
    await client.open();
    await client.transact([...client.attrSteps(), ...client.set(row, { id: row, title: 'a' })]);
  });
  afterEach(() => client.close());

  const set = (fields: Readonly<Record<string, string>>, id = row): Step[] => client.set(id, fields);
  const attr = (label: string, more: Partial<WireAttr> = {}): WireAttr => ({ ...(client.attrs['note'] as WireAttr), id: systemRandom.uuid(), 'forward-identity': [systemRandom.uuid(), 'items', label], ...more }); // prettier-ignore
  const titleOf = async (id = row): Promise<unknown> => (await client.rows()).find((each) => each.id === id)?.['title'];

  test('has no memory of event ids: what makes a row is refused the second time, as recorded', async () => {
    const steps: Step[] = [['add-triple', other, client.attrs['id']?.id ?? '', other, { mode: 'create' }]];
    expect(await client.transact(steps, 'an event')).toMatchObject({ op: 'transact-ok', 'client-event-id': 'an event' });
    const answer = await client.transact(steps, 'an event');
    expect(kindOf(answer)).toEqual(kindOf(recorded('the same event again')));
    expect(answer['client-event-id']).toBe('an event');
  });

  test('refuses a name under a second id, and takes the same attr again', async () => {
    const mood = attr('mood');
    expect(await client.transact([['add-attr', mood]])).toMatchObject({ op: 'transact-ok' });
    expect(await client.transact([['add-attr', mood]])).toMatchObject({ op: 'transact-ok' });
    const answer = await client.transact([['add-attr', attr('mood')]]);
    const theirs = recorded('new attr again');
    expect(kindOf(answer)).toEqual(kindOf(theirs));
    expect(Object.keys(answer['hint'] as object).sort()).toEqual(Object.keys(theirs['hint'] as object).sort());
    expect(answer['hint']).toEqual({ 'record-type': 'ident', etype: 'items', label: 'mood' });
  });

  test('refuses attr ids of other apps', async () => {
    const mood = attr('mood');
    server.foreignIds.add(mood['forward-identity'][0]);
    expect(await client.transact([['add-attr', mood]])).toMatchObject({ op: 'error', type: 'sql-raise' });
  });

  test('knows no attr before the group of `add-attr`, as recorded of unknown attrs', async () => {
    const mood = attr('mood');
    const late = await client.transact([['add-triple', row, mood.id, 'good'], ['add-attr', mood]]); // prettier-ignore
    const theirs = recorded('unknown attr');
    expect(kindOf(late)).toEqual(kindOf(theirs));
    expect(Object.keys(late['hint'] as object).sort()).toEqual(Object.keys(theirs['hint'] as object).sort());
    expect(await client.transact([['add-attr', mood], ['add-triple', row, mood.id, 'good']])).toMatchObject({ op: 'transact-ok' }); // prettier-ignore
  });

  test('carries steps out by kind, in the order of first appearance', async () => {
    expect(grouped([['delete-entity', row], ...set({ id: row, title: 'b' }), ['delete-entity', row]] as Step[]).map(([op]) => op)).toEqual(['delete-entity', 'delete-entity', 'add-triple', 'add-triple']); // prettier-ignore
    await client.transact([['delete-entity', row, 'items'], ...set({ id: row, title: 'b' }), ['delete-entity', row, 'items']]);
    expect(await titleOf()).toBe('b');
  });

  test('merges quick writes to one field, and gives all of them the answer of the last', async () => {
    const writes = ['fine', 'taken', 'free'].map((code) => client.transact(set({ code })));
    expect((await Promise.all(writes)).map(({ op }) => op)).toEqual(['transact-ok', 'transact-ok', 'transact-ok']);
    expect(committed.filter((steps) => steps.some((step) => step[0] === 'add-triple' && step[2] === client.attrs['code']?.id)).length).toBe(
      2,
    );
    const own = ['fine', 'taken', 'free'].map((code) => {
      const other = systemRandom.uuid();
      return client.transact([...set({ code }), ...set({ id: other }, other)]);
    });
    expect((await Promise.all(own)).map(({ op }) => op)).toEqual(['transact-ok', 'error', 'transact-ok']);
  });

  test('deletes by a lookup, but not by a value that looks like a UUID', async () => {
    const code = client.attrs['code']?.id ?? '';
    const uuid = systemRandom.uuid();
    await client.transact(set({ code: uuid }));
    expect(await client.transact([['delete-entity', [code, uuid], 'items']])).toMatchObject({ op: 'transact-ok' });
    expect(await titleOf()).toBe('a');
    await client.transact(set({ code: `write/${uuid}` }));
    await client.transact([['delete-entity', [code, `write/${uuid}`], 'items']]);
    expect(await titleOf()).toBeUndefined();
  });
});
