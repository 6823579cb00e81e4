// Transactions over a schema. Every row also holds for the official declarations (official.test.ts).

import { expectTypeOf, test } from 'vitest';

import type { InstantUnknownSchema } from '../../src/schema/schema.ts';
import type { CreateParams, LinkParams, TransactionChunk, TxChunk, UpdateParams } from '../../src/types/transaction.ts';
import type { Schema } from './festival.ts';

declare const tx: TxChunk<Schema>;
declare const anyTx: TxChunk<InstantUnknownSchema>;
declare function transact(chunks: TransactionChunk<any, any> | TransactionChunk<any, any>[]): void;

// In a function that is never called, so that the rows are checked and not run.
export function rows(id: string) {
  const act = { name: 'Owls', formedAt: '2020-01-01', active: true, notes: 1 };

  tx.acts[id]!.create(act);
  tx.acts[id]!.create({ ...act, genre: 'folk', fee: null, formedAt: new Date(), splitAt: 0 });
  tx.stages[id]!.create({ name: 'Lake', kind: 'anything' });
  tx.fans[id]!.create({});
  tx.$users[id]!.update({ email: 'a@b.c' });
  tx.acts[id]!.update({});
  tx.acts[id]!.update({ fee: 3 }, { upsert: false });
  tx.acts[id]!.update({ genre: null, rider: { towels: 3 } });
  tx.acts[id]!.update({ formedAt: new Date() });
  tx.acts[id]!.merge({ rider: { towels: 4 }, anything: 1 }, { upsert: true });
  tx.sets[id]!.link({ act: id });
  tx.acts[id]!.link({ sets: id, fans: [id, id] });
  tx.acts[id]!.unlink({ sets: [id] });
  tx.acts[id]!.delete();
  tx.acts[id]!.ruleParams({ code: 'k' }).update({ fee: 1 }).link({ sets: id }).unlink({ fans: id });
  tx.acts.lookup('name', 'Owls').update({ fee: 1 });
  tx.passes.lookup('number', 3).link({ holder: id });
  tx.passes.lookup('code', 'x').delete();
  transact(tx.acts[id]!.update({ fee: 1 }));
  transact([tx.acts[id]!.update({ fee: 1 }), tx.sets[id]!.delete(), anyTx.goals![id]!.update({ a: 1 })]);

  // @ts-expect-error an entity that is not in the schema
  tx.tents[id].update({});
  // @ts-expect-error a required attribute left out
  tx.acts[id]!.create({ name: 'Owls' });
  // @ts-expect-error an attribute that is not in the schema
  tx.acts[id]!.create({ ...act, size: 1 });
  // @ts-expect-error an attribute that is not in the schema
  tx.acts[id]!.update({ size: 1 });
  // @ts-expect-error a value of the wrong type
  tx.acts[id]!.update({ fee: '1' });
  // @ts-expect-error a word that is not among the attribute's
  tx.acts[id]!.update({ genre: 'rock' });
  // @ts-expect-error JSON of the wrong shape
  tx.acts[id]!.update({ rider: { towels: 'many' } });
  // @ts-expect-error null for a required attribute
  tx.acts[id]!.update({ name: null });
  // @ts-expect-error a link among the attributes
  tx.sets[id]!.update({ act: id });
  // @ts-expect-error an option that there is not
  tx.acts[id]!.update({ fee: 1 }, { force: true });
  // @ts-expect-error a link that is not in the schema
  tx.acts[id]!.link({ tents: id });
  // @ts-expect-error an attribute among the links
  tx.acts[id]!.link({ name: id });
  // @ts-expect-error many for a link that has one
  tx.sets[id]!.link({ act: [id] });
  // @ts-expect-error many for a reverse link that has one
  tx.acts[id]!.link({ opensFor: [id] });
  // @ts-expect-error lookup by an attribute that is not unique
  tx.acts.lookup('fee', 3);
  // @ts-expect-error lookup on an entity without unique attributes
  tx.sets.lookup('title', 'x');
  // @ts-expect-error lookup of a value of the wrong type
  tx.passes.lookup('number', 'three');

  anyTx.goals![id]!.update({ anything: [1, 'a', null] });
  anyTx.goals![id]!.link({ todos: [id] }).unlink({ owner: id });
  anyTx.goals![id]!.merge({ a: { b: 1 } }).delete();
  anyTx.goals!.lookup('slug', 'x').update({ a: 1 });
}

test('what is created', () => {
  expectTypeOf<CreateParams<Schema, 'sets'>>().toExtend<{ title: string; minutes?: number | null }>();
  expectTypeOf<{ title: string; minutes?: number | null }>().toExtend<CreateParams<Schema, 'sets'>>();
  expectTypeOf<CreateParams<Schema, 'acts'>['formedAt']>().toEqualTypeOf<string | number | Date>();
  expectTypeOf<CreateParams<Schema, 'acts'>['active']>().toEqualTypeOf<boolean>();
});

test('what is updated', () => {
  expectTypeOf<UpdateParams<Schema, 'sets'>>().toEqualTypeOf<{ title?: string; minutes?: number | null }>();
  expectTypeOf<NonNullable<UpdateParams<Schema, 'acts'>['formedAt']>>().toEqualTypeOf<string | number | Date>();
});

test('what is linked', () => {
  type Links = LinkParams<Schema, 'acts'>;
  expectTypeOf<Links['opensFor']>().toEqualTypeOf<string | undefined>();
  expectTypeOf<Links['sets']>().toEqualTypeOf<string | string[] | undefined>();
  expectTypeOf<keyof Links>().toEqualTypeOf<'sets' | 'openers' | 'opensFor' | 'fans'>();
});
