// Permissions, checked by the server: everything is allowed except for one rule, so that the page can show a rejected write.

import type { InstantRules } from 'triplane';

import type { Schema } from './instant.schema.ts';

export const rules = {
  tasks: {
    allow: {
      // Completed tasks are kept for reference.
      delete: "data.status != 'done'",
    },
  },
} satisfies InstantRules<Schema>;
