// What a program tells `init`, and the types of files, streams, tables and stores: what fits there fits here, and the other way about.

import type * as Core from '@instantdb/core';
import { expectTypeOf, test } from 'vitest';

import type { InstantConfig } from '../../src/client/config.ts';
import type { InstantSchemaDef } from '../../src/schema/schema.ts';
import type { Config, ConfigWithSchema, Logger } from '../../src/types/config.ts';
import type { EventSourceConstructor } from '../../src/types/ports.ts';
import type { DeleteFileResponse, FileOpts, UploadFileResponse } from '../../src/types/files.ts';
import type { InstantRouteHandlerBody, InstantRouteHandlerType } from '../../src/types/auth.ts';
import type { StoreInterfaceClass, StoreInterfaceStoreName } from '../../src/types/ports.ts';
import type {
  CreateReadStreamOpts,
  CreateWriteStreamOpts,
  InstantReadableStream,
  InstantWritableStream,
  ReadableStreamCtor,
  WritableStreamCtor,
} from '../../src/types/streams.ts';
import type { SyncTableCallback, SyncTableCallbackEvent } from '../../src/types/sync-table.ts';
import type { Graph as OfficialGraph, Plain as OfficialPlain, Schema as OfficialSchema } from './festival-official.ts';
import type { Graph, Plain, Schema } from './festival.ts';

test('configuration', () => {
  type Official = Core.InstantConfig<OfficialSchema, true>;
  expectTypeOf<Config>().toEqualTypeOf<Core.Config>();
  expectTypeOf<Logger>().toEqualTypeOf<Core.Logger>();
  expectTypeOf<Omit<ConfigWithSchema<Graph>, 'schema'>>().toEqualTypeOf<Omit<Core.ConfigWithSchema<OfficialGraph>, 'schema'>>();
  // What is ours beside theirs may all be left out.
  expectTypeOf<Omit<Official, 'schema'>>().toExtend<Omit<InstantConfig<Schema, true>, 'schema'>>();
  expectTypeOf<Pick<InstantConfig<Schema, true>, Exclude<keyof Official, 'schema'>>>().toEqualTypeOf<Omit<Official, 'schema'>>();
  expectTypeOf<Exclude<InstantConfig<Schema>['schema'], undefined>>().toEqualTypeOf<Schema>();
  expectTypeOf<InstantConfig<Schema>['useDateObjects']>().toEqualTypeOf<false>();
  expectTypeOf<InstantConfig<InstantSchemaDef<any, any, any>, boolean>['appId']>().toEqualTypeOf<string>();
});

test('files and the first party', () => {
  expectTypeOf<FileOpts>().toEqualTypeOf<Core.FileOpts>();
  expectTypeOf<UploadFileResponse>().toEqualTypeOf<Core.UploadFileResponse>();
  expectTypeOf<DeleteFileResponse>().toEqualTypeOf<Core.DeleteFileResponse>();
  expectTypeOf<InstantRouteHandlerType>().toEqualTypeOf<Core.InstantRouteHandlerType>();
  expectTypeOf<InstantRouteHandlerBody>().branded.toEqualTypeOf<Core.InstantRouteHandlerBody>();
});

test('streams and stores', () => {
  expectTypeOf<CreateReadStreamOpts>().toEqualTypeOf<Core.CreateReadStreamOpts>();
  expectTypeOf<CreateWriteStreamOpts>().toEqualTypeOf<Core.CreateWriteStreamOpts>();
  expectTypeOf<InstantReadableStream<string>>().toEqualTypeOf<Core.InstantReadableStream<string>>();
  expectTypeOf<InstantWritableStream<string>>().toEqualTypeOf<Core.InstantWritableStream<string>>();
  expectTypeOf<Core.ReadableStreamCtor>().toExtend<ReadableStreamCtor>();
  expectTypeOf<Core.WritableStreamCtor>().toExtend<WritableStreamCtor>();
  expectTypeOf<Core.EventSourceConstructor>().toExtend<EventSourceConstructor>();
  expectTypeOf<typeof Core.IndexedDBStorage>().toExtend<StoreInterfaceClass>();
  expectTypeOf<StoreInterfaceClass>().toExtend<Core.StoreInterfaceClass>();
  expectTypeOf<StoreInterfaceStoreName>().toEqualTypeOf<Core.StoreInterfaceStoreName>();
});

/** The words of an enum fit where the enum is read, not where it is made: only what an event carries is compared. */
type Carried<Event, Type> = Event extends { type: infer Of } ? (`${Of & string}` extends Type ? Omit<Event, 'type'> : never) : never;

test('tables', () => {
  type Q = { goals: {} };
  type Ours = SyncTableCallbackEvent<Plain, Q, true>;
  type Theirs = Core.SyncTableCallbackEvent<OfficialPlain, Q, true>;
  type Fields<Event> = {
    [Type in 'InitialSyncBatch' | 'InitialSyncComplete' | 'LoadFromStorage' | 'SyncTransaction' | 'Error']: Carried<Event, Type>;
  };
  expectTypeOf<Fields<Ours>>().toEqualTypeOf<Fields<Theirs>>();
  expectTypeOf<Fields<Ours>['SyncTransaction']['added'][number]>().toEqualTypeOf<{ id: string; title: string }>();
  expectTypeOf<Parameters<SyncTableCallback<Plain, Q, true>>>().toEqualTypeOf<[event: Ours]>();
});
