// Who may do what: everybody everything, but for one rule, so that there is something to be refused. Rules are checked by the server.

import type { InstantRules } from 'triplane';

import type { Schema } from './instant.schema.ts';

export const rules = {
  tasks: {
    allow: {
      // What is done is there to be looked back at.
      delete: "data.status != 'done'",
    },
  },
} satisfies InstantRules<Schema>;
