// The schema of the board: projects, their tasks, the comments of a task, and the room of the users who view a project.

import { i } from 'triplane';

export const schema = i.schema({
  entities: {
    projects: i.entity({
      name: i.string().unique().indexed(),
      createdAt: i.number().indexed(),
    }),
    tasks: i.entity({
      title: i.string(),
      /** Combines the project and the title. Unique, so the server rejects a second task with the same title in a project. */
      handle: i.string().unique().indexed(),
      /** The column. */
      status: i.string().indexed(),
      /** The position in the column: between the ranks of its neighbours. */
      rank: i.number().indexed(),
      notes: i.string().optional(),
      colour: i.string().optional(),
    }),
    comments: i.entity({
      text: i.string(),
      author: i.string(),
      colour: i.string(),
      createdAt: i.number().indexed(),
    }),
  },
  links: {
    taskProject: {
      forward: { on: 'tasks', has: 'one', label: 'project', onDelete: 'cascade' },
      reverse: { on: 'projects', has: 'many', label: 'tasks' },
    },
    commentTask: {
      forward: { on: 'comments', has: 'one', label: 'task', onDelete: 'cascade' },
      reverse: { on: 'tasks', has: 'many', label: 'comments' },
    },
  },
  rooms: {
    project: {
      /** `taskId`: the open task; '' if none. */
      presence: i.entity({ name: i.string(), colour: i.string(), taskId: i.string() }),
    },
  },
});
export type Schema = typeof schema;
