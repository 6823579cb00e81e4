// A whole namespace, and streams, as a program holds them.

import { expectTypeOf, test } from 'vitest';

import type { InstantCoreDatabase } from '../../src/client/database.ts';
import type { schema } from './festival.ts';

declare const db: InstantCoreDatabase<typeof schema, true>;

test('a table is one namespace, and its events carry its rows', () => {
  const stop = db.subscribeTable({ acts: { $: { order: { fee: 'desc' } } } }, (event) => {
    if (event.type !== 'SyncTransaction') return;
    expectTypeOf(event.added[0]?.name).toEqualTypeOf<string | undefined>();
    expectTypeOf(event.data.acts[0]?.formedAt).toEqualTypeOf<Date | undefined>();
    expectTypeOf(event.updated[0]?.changedFields.fee?.oldValue).toEqualTypeOf<number | undefined>();
  });
  stop({ keepSubscription: true });
  stop();
  // @ts-expect-error no such namespace
  db.subscribeTable({ acs: {} }, () => {});
});

test('streams are those of the platform', () => {
  const written = db.streams.createWriteStream({ clientId: 'a' });
  expectTypeOf(written).toExtend<WritableStream<string>>();
  expectTypeOf(written.done).toEqualTypeOf<Promise<void>>();
  const read = db.streams.createReadStream({ clientId: 'a', byteOffset: 3 });
  expectTypeOf(read).toExtend<ReadableStream<string>>();
  expectTypeOf(read.abortReason).returns.toEqualTypeOf<Promise<string | undefined>>();
});
