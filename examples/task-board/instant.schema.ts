// What the board keeps: projects, their tasks, what is said about a task. Also the room in which those who look at a project meet.

import { i } from 'triplane';

export const schema = i.schema({
  entities: {
    projects: i.entity({
      name: i.string().unique().indexed(),
      createdAt: i.number().indexed(),
    }),
    tasks: i.entity({
      title: i.string(),
      /** The project and the title in one: unique, and so is the title in its project. The server refuses a second. */
      handle: i.string().unique().indexed(),
      /** The column. */
      status: i.string().indexed(),
      /** The place in the column: between those of its neighbours. */
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
      /** `taskId`: the task that is open; '' = none. */
      presence: i.entity({ name: i.string(), colour: i.string(), taskId: i.string() }),
    },
  },
});
export type Schema = typeof schema;
