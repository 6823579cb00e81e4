// Our types against the official ones over the same schema, so that a program gets what it got after changing its import.

import type * as Core from '@instantdb/core';
import { expectTypeOf, test } from 'vitest';

import type { AnySchemaDef, BackwardsCompatibleSchema, InstantUnknownSchema, ResolveAttrs } from '../../src/schema/schema.ts';
import type * as Attrs from '../../src/types/attrs.ts';
import type * as Auth from '../../src/types/auth.ts';
import type { InstantEntity, InstantQueryResult, InstantSchema } from '../../src/types/deprecated.ts';
import type {
  IInstantDatabase,
  InfiniteQueryCallbackResponse,
  InstaQLLifecycleState,
  InstaQLSubscriptionState,
  LifecycleSubscriptionState,
  SubscriptionState,
} from '../../src/types/database.ts';
import type { InstantIssue } from '../../src/types/issue.ts';
import type { Exactly, InstaQLFields, InstaQLParams, Order } from '../../src/types/query.ts';
import type {
  InstaQLEntity,
  InstaQLQueryEntityResult,
  InstaQLResponse,
  InstaQLResult,
  PageInfoResponse,
  QueryResponse,
} from '../../src/types/result.ts';
import type { PresenceOf, PresencePeer, PresenceResponse, RoomHandle, RoomsOf, TopicOf, TopicsOf } from '../../src/types/rooms.ts';
import type { InstantRules } from '../../src/types/rules.ts';
import type { CreateParams, LinkParams, Op, UpdateParams } from '../../src/types/transaction.ts';
import type * as Official from './festival-official.ts';
import type * as Ours from './festival.ts';

type S = Ours.Schema;
type O = Official.Schema;
type Name = keyof S['entities'];

test('entities', () => {
  expectTypeOf<{ [N in Name]: InstaQLEntity<S, N> }>().toEqualTypeOf<{ [N in Name]: Core.InstaQLEntity<O, N> }>();
  expectTypeOf<{ [N in Name]: InstaQLEntity<S, N, {}, undefined, true> }>().toEqualTypeOf<{
    [N in Name]: Core.InstaQLEntity<O, N, {}, undefined, true>;
  }>();
  expectTypeOf<InstaQLEntity<S, 'acts', { sets: { act: {}; stage: {} }; fans: { pass: {} }; opensFor: {} }>>().toEqualTypeOf<
    Core.InstaQLEntity<O, 'acts', { sets: { act: {}; stage: {} }; fans: { pass: {} }; opensFor: {} }>
  >();
  expectTypeOf<InstaQLEntity<S, 'acts', {}, ['fee', 'name']>>().toEqualTypeOf<Core.InstaQLEntity<O, 'acts', {}, ['fee', 'name']>>();
  expectTypeOf<InstaQLEntity<S, 'acts', {}, ('fee' | 'id')[] | undefined>>().toEqualTypeOf<
    Core.InstaQLEntity<O, 'acts', {}, ('fee' | 'id')[] | undefined>
  >();
  expectTypeOf<InstaQLEntity<S, 'acts', undefined>>().toEqualTypeOf<Core.InstaQLEntity<O, 'acts', undefined>>();
  expectTypeOf<InstaQLEntity<S, 'acts' | 'sets'>>().toEqualTypeOf<Core.InstaQLEntity<O, 'acts' | 'sets'>>();
  expectTypeOf<ResolveAttrs<S['entities'], 'acts', true>>().toEqualTypeOf<Core.ResolveAttrs<O['entities'], 'acts', true>>();
});

test('entities of no known schema', () => {
  expectTypeOf<InstaQLEntity<InstantUnknownSchema, 'goals'>>().toEqualTypeOf<Core.InstaQLEntity<Core.InstantUnknownSchema, 'goals'>>();
  expectTypeOf<InstaQLEntity<InstantUnknownSchema, 'goals', { todos: {} }>>().toEqualTypeOf<
    Core.InstaQLEntity<Core.InstantUnknownSchema, 'goals', { todos: {} }>
  >();
  expectTypeOf<InstaQLEntity<AnySchemaDef, 'goals'>>().toEqualTypeOf<Core.InstaQLEntity<Core.InstantSchemaDef<any, any, any>, 'goals'>>();
  expectTypeOf<InstaQLResult<InstantUnknownSchema, { goals: { todos: {} } }>>().toEqualTypeOf<
    Core.InstaQLResult<Core.InstantUnknownSchema, { goals: { todos: {} } }>
  >();
});

type Q1 = { acts: { $: { fields: ['name', 'fee'] }; sets: { $: { fields: ['title'] }; stage: {} } }; stages: {} };
type Q2 = { sets: { act: { openers: { opensFor: {} } }; stage: { $: { where: { name: string } } } } };
type Q3 = { acts?: { sets?: {} } };

test('results', () => {
  expectTypeOf<InstaQLResult<S, Q1>>().toEqualTypeOf<Core.InstaQLResult<O, Q1>>();
  expectTypeOf<InstaQLResult<S, Q2>>().toEqualTypeOf<Core.InstaQLResult<O, Q2>>();
  expectTypeOf<InstaQLResult<S, Q2, true>>().toEqualTypeOf<Core.InstaQLResult<O, Q2, true>>();
  expectTypeOf<InstaQLResult<S, Q3>>().toEqualTypeOf<Core.InstaQLResult<O, Q3>>();
  expectTypeOf<InstaQLResult<S, undefined>>().toEqualTypeOf<Core.InstaQLResult<O, undefined>>();
  expectTypeOf<InstaQLResult<S, Q1 | Q2>>().toEqualTypeOf<Core.InstaQLResult<O, Q1 | Q2>>();
  expectTypeOf<InstaQLResult<Ours.Plain, InstaQLParams<Ours.Plain>>>().toEqualTypeOf<
    Core.InstaQLResult<Official.Plain, Core.InstaQLParams<Official.Plain>>
  >();
  expectTypeOf<InstaQLResponse<S, Q1, true>>().toEqualTypeOf<Core.InstaQLResponse<O, Q1, true>>();
  expectTypeOf<InstaQLResponse<S, { tents: {} }>>().toEqualTypeOf<Core.InstaQLResponse<O, { tents: {} }>>();
  expectTypeOf<PageInfoResponse<Q1>>().toEqualTypeOf<Core.PageInfoResponse<Q1>>();
});

test('results of graphs and of plain types', () => {
  type G = Ours.Graph;
  type CoreG = Official.Graph;
  expectTypeOf<InstaQLResult<G, { goals: { todos: {} } }>>().toEqualTypeOf<Core.InstaQLResult<CoreG, { goals: { todos: {} } }>>();
  expectTypeOf<QueryResponse<{ goals: { todos: { goal: {} } } }, G, true>>().toEqualTypeOf<
    Core.QueryResponse<{ goals: { todos: { goal: {} } } }, CoreG, true>
  >();
  expectTypeOf<QueryResponse<{ goals: { todos: { goal: {} } } }, G>>().toEqualTypeOf<
    Core.QueryResponse<{ goals: { todos: { goal: {} } } }, CoreG>
  >();
  type Shape = { goals: { title: string }; todos: { done: boolean } };
  expectTypeOf<QueryResponse<{ goals: { $: { limit: number }; todos: {} }; people: {} }, Shape>>().toEqualTypeOf<
    Core.QueryResponse<{ goals: { $: { limit: number }; todos: {} }; people: {} }, Shape>
  >();
  type Rooms = { table: { presence: { name: string }; topics: { toast: { to: string } } } };
  type B = BackwardsCompatibleSchema<Shape, Rooms>;
  type CoreB = Core.BackwardsCompatibleSchema<Shape, Rooms>;
  expectTypeOf<InstaQLResult<B, { goals: { todos: {} } }>>().toEqualTypeOf<Core.InstaQLResult<CoreB, { goals: { todos: {} } }>>();
  expectTypeOf<PresenceOf<B, 'table'>>().toEqualTypeOf<Core.PresenceOf<CoreB, 'table'>>();
  expectTypeOf<TopicsOf<B, 'table'>>().toEqualTypeOf<Core.TopicsOf<CoreB, 'table'>>();
  expectTypeOf<InstaQLQueryEntityResult<S['entities'], 'sets', { act: {} }, true, false>>().toEqualTypeOf<
    Core.InstaQLQueryEntityResult<O['entities'], 'sets', { act: {} }, true, false>
  >();
});

test('queries', () => {
  expectTypeOf<InstaQLParams<Ours.Plain>>().toEqualTypeOf<Core.InstaQLParams<Official.Plain>>();
  expectTypeOf<{ [N in Name]: Order<S, N> }>().toEqualTypeOf<{ [N in Name]: Core.Order<O, N> }>();
  expectTypeOf<{ [N in Name]: InstaQLFields<S, N> }>().toEqualTypeOf<{ [N in Name]: Core.InstaQLFields<O, N> }>();
  expectTypeOf<Exactly<{ a: string; b?: number }, { a: 'x'; c: 1 }>>().toEqualTypeOf<
    Core.Exactly<{ a: string; b?: number }, { a: 'x'; c: 1 }>
  >();
});

test('transactions', () => {
  expectTypeOf<{ [N in Name]: CreateParams<S, N> }>().toEqualTypeOf<{ [N in Name]: Core.CreateParams<O, N> }>();
  expectTypeOf<{ [N in Name]: UpdateParams<S, N> }>().toEqualTypeOf<{ [N in Name]: Core.UpdateParams<O, N> }>();
  expectTypeOf<{ [N in Name]: LinkParams<S, N> }>().toEqualTypeOf<{ [N in Name]: Core.LinkParams<O, N> }>();
  expectTypeOf<UpdateParams<InstantUnknownSchema, 'a'>>().toEqualTypeOf<Core.UpdateParams<Core.InstantUnknownSchema, 'a'>>();
  expectTypeOf<LinkParams<InstantUnknownSchema, 'a'>>().toEqualTypeOf<Core.LinkParams<Core.InstantUnknownSchema, 'a'>>();
  expectTypeOf<CreateParams<AnySchemaDef, 'a'>>().toEqualTypeOf<Core.CreateParams<Core.InstantSchemaDef<any, any, any>, 'a'>>();
  expectTypeOf<UpdateParams<AnySchemaDef, 'a'>>().toEqualTypeOf<Core.UpdateParams<Core.InstantSchemaDef<any, any, any>, 'a'>>();
  expectTypeOf<LinkParams<AnySchemaDef, 'a'>>().toEqualTypeOf<Core.LinkParams<Core.InstantSchemaDef<any, any, any>, 'a'>>();
  expectTypeOf<Op>().toEqualTypeOf<Core.TransactionChunk<O, 'acts'>['__ops'][number]>();
});

test('where we allow what the official declarations refuse', () => {
  // Without a schema `create` takes anything; there it takes `{}` alone.
  expectTypeOf<{ title: string }>().toExtend<CreateParams<InstantUnknownSchema, 'goals'>>();
  expectTypeOf<{ title: string }>().not.toExtend<Core.CreateParams<Core.InstantUnknownSchema, 'goals'>>();
  // Of plain types a property that may be left out is an optional attribute; there it is lost.
  type Shape = { goals: { title: string; due?: number } };
  expectTypeOf<InstaQLEntity<BackwardsCompatibleSchema<Shape>, 'goals'>>().toEqualTypeOf<{ id: string; title: string; due?: number }>();
  expectTypeOf<Core.InstaQLEntity<Core.BackwardsCompatibleSchema<Shape>, 'goals'>>().toEqualTypeOf<{ id: string; title: string }>();
});

test('rooms', () => {
  expectTypeOf<RoomsOf<S>>().toEqualTypeOf<Core.RoomsOf<O>>();
  expectTypeOf<PresenceOf<S, 'backstage'>>().toEqualTypeOf<Core.PresenceOf<O, 'backstage'>>();
  expectTypeOf<PresenceOf<S, 'lobby'>>().toEqualTypeOf<Core.PresenceOf<O, 'lobby'>>();
  expectTypeOf<TopicsOf<S, 'backstage'>>().toEqualTypeOf<Core.TopicsOf<O, 'backstage'>>();
  expectTypeOf<TopicsOf<S, 'lobby'>>().toEqualTypeOf<Core.TopicsOf<O, 'lobby'>>();
  expectTypeOf<TopicOf<S, 'backstage', 'clap'>>().toEqualTypeOf<Core.TopicOf<O, 'backstage', 'clap'>>();
  expectTypeOf<PresencePeer<S, 'backstage'>>().toEqualTypeOf<Core.PresencePeer<O, 'backstage'>>();
  expectTypeOf<PresenceResponse<{ nick: string }, 'nick'>>().toEqualTypeOf<Core.PresenceResponse<{ nick: string }, 'nick'>>();
  expectTypeOf<RoomsOf<Ours.Roomy>>().toEqualTypeOf<Core.RoomsOf<Official.Roomy>>();
  expectTypeOf<RoomsOf<Ours.Graph>>().toEqualTypeOf<Core.RoomsOf<Official.Graph>>();
  expectTypeOf<RoomsOf<Ours.Plain>>().toEqualTypeOf<Core.RoomsOf<Official.Plain>>();
  expectTypeOf<PresenceOf<InstantUnknownSchema, 'x'>>().toEqualTypeOf<Core.PresenceOf<Core.InstantUnknownSchema, 'x'>>();
  expectTypeOf<TopicsOf<InstantUnknownSchema, 'x'>>().toEqualTypeOf<Core.TopicsOf<Core.InstantUnknownSchema, 'x'>>();
});

test('states', () => {
  expectTypeOf<InstaQLSubscriptionState<S, Q1, true>>().toEqualTypeOf<Core.InstaQLSubscriptionState<O, Q1, true>>();
  expectTypeOf<InstaQLLifecycleState<S, Q1>>().toEqualTypeOf<Core.InstaQLLifecycleState<O, Q1>>();
  expectTypeOf<SubscriptionState<Q2, Ours.Graph, true>>().toEqualTypeOf<Core.SubscriptionState<Q2, Official.Graph, true>>();
  expectTypeOf<LifecycleSubscriptionState<Q2, Ours.Graph, true>>().toEqualTypeOf<
    Core.LifecycleSubscriptionState<Q2, Official.Graph, true>
  >();
  expectTypeOf<InfiniteQueryCallbackResponse<S, Q1, false>>().toEqualTypeOf<Core.InfiniteQueryCallbackResponse<O, Q1, false>>();
});

test('errors, attributes and users', () => {
  expectTypeOf<InstantIssue>().toEqualTypeOf<Core.InstantIssue>();
  expectTypeOf<Attrs.InstantDBAttr>().toEqualTypeOf<Core.InstantDBAttr>();
  expectTypeOf<Auth.User>().toEqualTypeOf<Core.User>();
  expectTypeOf<Auth.AuthState>().toEqualTypeOf<Core.AuthState>();
  expectTypeOf<Auth.CheckMagicCodeParams>().branded.toEqualTypeOf<Core.CheckMagicCodeParams>();
  expectTypeOf<Auth.ExchangeCodeForTokenParams>().branded.toEqualTypeOf<Core.ExchangeCodeForTokenParams>();
  expectTypeOf<Auth.SignInWithIdTokenParams>().branded.toEqualTypeOf<Core.SignInWithIdTokenParams>();
  expectTypeOf<Auth.VerifyMagicCodeParams>().branded.toEqualTypeOf<Core.VerifyMagicCodeParams>();
  expectTypeOf<Auth.SignInAsGuestParams>().branded.toEqualTypeOf<Core.SignInAsGuestParams>();
});

test('rules', () => {
  expectTypeOf<InstantRules<S>>().branded.toEqualTypeOf<Core.InstantRules<O>>();
  expectTypeOf<InstantRules>().branded.toEqualTypeOf<Core.InstantRules>();
});

test('types inferred from a database', () => {
  type DB = IInstantDatabase<Ours.Graph>;
  type CoreDB = Core.IInstantDatabase<Official.Graph>;
  expectTypeOf<InstantSchema<DB>>().toEqualTypeOf<Ours.Graph>();
  expectTypeOf<InstantEntity<DB, 'goals', { todos: {} }>>().toEqualTypeOf<Core.InstantEntity<CoreDB, 'goals', { todos: {} }>>();
  expectTypeOf<InstantQueryResult<DB, { goals: { $: { limit: 1 }; todos: {} } }>>().toEqualTypeOf<
    Core.InstantQueryResult<CoreDB, { goals: { $: { limit: 1 }; todos: {} } }>
  >();
});
