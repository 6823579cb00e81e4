// Permission rules over a schema. Every row also holds for the official declarations (official.test.ts).

import type { InstantRules } from '../../src/types/rules.ts';
import type { Schema } from './festival.ts';

export const rules = {
  $default: { allow: { $default: 'false' } },
  attrs: { allow: { create: 'false' } },
  $rateLimits: { posts: { limits: [{ capacity: 3, refill: { amount: 1, period: '1 minute', type: 'greedy' } }] } },
  acts: {
    bind: ['isOwner', 'auth.id == data.id'],
    allow: { view: 'true', create: null, update: 'isOwner', delete: 'false', link: { sets: 'true' }, unlink: { sets: 'false' } },
    fields: { fee: 'isOwner' },
  },
  sets: { bind: { isOwner: 'true' }, allow: {} },
} satisfies InstantRules<Schema>;

export const withoutSchema = { anything: { allow: { view: 'true' }, fields: { goes: 'true' } } } satisfies InstantRules;

export const rejected = [
  // @ts-expect-error an entity that is not in the schema
  { tents: { allow: {} } },
  // @ts-expect-error a field that is not in the schema
  { acts: { allow: {}, fields: { size: 'true' } } },
  // @ts-expect-error id, which is always visible
  { acts: { allow: {}, fields: { id: 'true' } } },
  // @ts-expect-error an action that there is not
  { acts: { allow: { read: 'true' } } },
  // @ts-expect-error no allow
  { acts: { bind: [] } },
  // @ts-expect-error links of attributes
  { attrs: { allow: { link: { a: 'true' } } } },
] satisfies InstantRules<Schema>[];
