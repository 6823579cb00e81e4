// The schema that the type tests ask about. festival-official.ts is this file with the import changed.

import { i } from '../../src/schema/schema.ts';

export const schema = i.schema({
  entities: {
    $users: i.entity({ email: i.string().unique().indexed() }),
    acts: i.entity({
      name: i.string().unique().indexed(),
      genre: i.string<'folk' | 'jazz'>().optional(),
      fee: i.number().indexed().optional(),
      formedAt: i.date(),
      splitAt: i.date().optional().indexed(),
      active: i.boolean().clientRequired(),
      rider: i.json<{ towels: number; drinks?: string[] }>().optional(),
      notes: i.any(),
    }),
    sets: i.entity({ title: i.string(), minutes: i.number().optional() }),
    stages: i.entity({ name: i.string(), kind: i.string() }).asType<{ kind: 'tent' | 'open' }>(),
    passes: i.entity({ code: i.string().unique(), number: i.number().unique().indexed() }),
    fans: i.entity({}),
  },
  links: {
    setAct: {
      forward: { on: 'sets', has: 'one', label: 'act', onDelete: 'cascade', required: true },
      reverse: { on: 'acts', has: 'many', label: 'sets' },
    },
    setStage: {
      forward: { on: 'sets', has: 'one', label: 'stage' },
      reverse: { on: 'stages', has: 'many', label: 'sets' },
    },
    openers: {
      forward: { on: 'acts', has: 'many', label: 'openers' },
      reverse: { on: 'acts', has: 'one', label: 'opensFor' },
    },
    fanPass: {
      forward: { on: 'fans', has: 'one', label: 'pass' },
      reverse: { on: 'passes', has: 'one', label: 'holder' },
    },
    fanLikes: {
      forward: { on: 'fans', has: 'many', label: 'likes' },
      reverse: { on: 'acts', has: 'many', label: 'fans' },
    },
    fanUser: {
      forward: { on: 'fans', has: 'one', label: '$user' },
      reverse: { on: '$users', has: 'one', label: 'fan' },
    },
  },
  rooms: {
    backstage: {
      presence: i.entity({ nick: i.string(), mood: i.string().optional() }),
      topics: { clap: i.entity({ hands: i.number() }), shout: i.entity({ words: i.string().optional(), at: i.date() }) },
    },
    lobby: { presence: i.entity({}) },
  },
});
export type Schema = typeof schema;

const plain = i.schema({ entities: { goals: i.entity({ title: i.string() }), todos: i.entity({}) } });
export type Plain = typeof plain;

const graph = i.graph(
  { goals: i.entity({ title: i.string() }), todos: i.entity({ done: i.boolean().optional() }) },
  { goalTodos: { forward: { on: 'goals', has: 'many', label: 'todos' }, reverse: { on: 'todos', has: 'one', label: 'goal' } } },
);
export type Graph = typeof graph;

const roomy = i.schema({ entities: {} }).withRoomSchema<{
  table: { presence: { name: string; seat: number | undefined }; topics: { toast: { to: string } } };
  empty: {};
}>();
export type Roomy = typeof roomy;
