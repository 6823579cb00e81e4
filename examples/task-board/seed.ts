// Example data for an empty board: one project with tasks and comments.

import { id, init, memoryStore } from 'triplane';
import type { TriplaneServer } from 'triplane/server';

import { schema } from './instant.schema.ts';
import { handleOf } from './page/handle.ts';

type Example = readonly [
  status: string,
  title: string,
  colour?: string,
  notes?: string,
  ...comments: (readonly [string, string, string])[],
];

const [ana, bea, caro] = [
  ['Ana', '#c2410c'],
  ['Bea', '#1d6fd8'],
  ['Caro', '#7c3aed'],
] as const;

const tasks: readonly Example[] = [
  ['ideas', 'A swap shelf by the gate', 'teal'],
  ['ideas', 'Bat boxes under the eaves', '', '', [...bea, 'The bat group lends a drill and a ladder.']],
  ['todo', 'Order seed potatoes', 'green', 'Early ones and a floury one. The shop closes its list on the 20th.', [...ana, 'Annabelle and Agria?']],
  ['todo', 'Mend the rain barrel', 'blue'],
  ['todo', 'Ask the school about Thursdays', 'violet', '', [...caro, 'They would come with twelve children.'], [...ana, 'Lovely. I bring small gloves.']],
  ['doing', 'Build three raised beds', 'amber', 'Larch, 2 m by 1 m. Boards are in the shed, screws are not.', [...bea, 'Two of three are standing.'], [...ana, 'I come on Saturday with the saw.'], [...caro, 'Screws are on me.']],
  ['doing', 'Paint the sign', 'rose'],
  ['done', 'Find a name: Garden at Mill Lane', 'green', '', [...caro, 'Five votes to two.']],
  ['done', 'Test the soil'],
]; // prettier-ignore

/** Resolves when the server has stored it. */
export async function seed({ appId, apiURI, websocketURI }: TriplaneServer): Promise<void> {
  const db = init({ appId, apiURI, websocketURI, schema, storage: memoryStore() });
  try {
    const { data } = await db.queryOnce({ projects: {} });
    if (data.projects.length > 0) return;
    const projectId = id();
    const now = Date.now();
    await db.transact(db.tx.projects[projectId]?.create({ name: 'Community garden', createdAt: now }) ?? []).settled;
    for (const [rank, [status, title, colour, notes, ...comments]] of tasks.entries()) {
      const taskId = id();
      const facts = { title, handle: handleOf(projectId, title), status, rank, ...(colour && { colour }), ...(notes && { notes }) };
      const said = comments.map(([author, authorColour, text], at) =>
        db.tx.comments[id()]
          ?.create({ author, colour: authorColour, text, createdAt: now - (comments.length - at) * 47 * 60_000 })
          .link({ task: taskId }),
      );
      const task = db.tx.tasks[taskId]?.create(facts).link({ project: projectId });
      await db.transact([task, ...said].filter((chunk) => chunk !== undefined)).settled;
    }
  } finally {
    db.shutdown();
  }
}
