// `@rocicorp/zero` in memory, without a server: its own store, and its incremental engine on top.

import { type Task, world } from '../data.ts';
import { besideOthers, free, heapPer, isQuick, type Outcome, sample, steady, type Subject, timed } from '../measure.ts';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- its types fit one schema
type Anything = any;

Object.assign(globalThis, { window: globalThis });
const name = '@rocicorp/zero';
const { boolean, createBuilder, createSchema, number, relationships, string, table, Zero } = await import(name);

const tasks = table('tasks')
  .columns({
    id: string(),
    title: string(),
    done: boolean(),
    priority: number(),
    status: string(),
    createdAt: number(),
    estimate: number(),
    project: string(),
  })
  .primaryKey('id');
const users = table('users').columns({ id: string(), name: string() }).primaryKey('id');
const comments = table('comments').columns({ id: string(), body: string(), task: string(), author: string() }).primaryKey('id');
const schema = createSchema({
  tables: [tasks, users, comments],
  relationships: [
    relationships(tasks, ({ many }: Anything) => ({
      comments: many({ sourceField: ['id'], destSchema: comments, destField: ['task'] }),
    })),
    relationships(comments, ({ one }: Anything) => ({ user: one({ sourceField: ['author'], destSchema: users, destField: ['id'] }) })),
  ],
  enableLegacyMutators: true,
  enableLegacyQueries: true,
});
const zql = createBuilder(schema);
let opened = 0;

async function filled(data: Partial<Readonly<Record<'tasks' | 'users' | 'comments', readonly object[]>>>): Promise<Anything> {
  const zero = new Zero({ schema, userID: `u${++opened}`, server: null, kvStore: 'mem', logLevel: 'error' });
  await zero.mutateBatch(async (tx: Anything) => {
    for (const [etype, rows] of Object.entries(data)) for (const row of rows) await tx[etype].insert(row);
  });
  await free();
  return zero;
}

async function w2(n: number, others = 0): Promise<Outcome> {
  const all = world(n).tasks;
  const zero = await filled({ tasks: all });
  const view = zero.materialize(zql.tasks.orderBy('createdAt', 'asc'));
  let end = 0;
  view.addListener(() => (end = performance.now()));
  let called = 0;
  for (let at = 0; at < others; at++) {
    const other = zero.materialize(zql.tasks.where('priority', 100 + at));
    other.addListener(() => called++);
  }
  await free();
  called = 0;
  const samples = await sample(
    30,
    async (round) => {
      end = 0;
      const start = performance.now();
      void zero.mutate.tasks.update({ id: (all[(round * 37) % n] as Task).id, title: `title ${round}` });
      while (end < start) await free();
      return (others > 0 ? performance.now() : end) - start;
    },
    steady,
  );
  await zero.close();
  return { samples, notes: { 'calls of unaffected queries': called } };
}

async function w4(isEach: boolean): Promise<Outcome> {
  const { tasks: all, projects } = world(20_000);
  const zero = await filled({ tasks: all });
  let end = 0;
  for (const { id } of projects) zero.materialize(zql.tasks.where('project', id)).addListener(() => (end = performance.now()));
  await free();
  const writes = isQuick || isEach ? 200 : 1_000;
  const samples = await sample(
    3,
    async (round) => {
      const start = performance.now();
      const update = { title: `title ${round}` };
      const idOf = (at: number): string => (all[(at * 1021) % all.length] as Task).id;
      if (isEach) {
        for (let at = 0; at < writes; at++) {
          const from = performance.now();
          void zero.mutate.tasks.update({ id: idOf(at), ...update });
          while (end < from) await free();
        }
        return (performance.now() - start) / writes;
      }
      await Promise.all(Array.from({ length: writes }, (_, at) => zero.mutate.tasks.update({ id: idOf(at), ...update }).client));
      await free();
      return ((Math.max(end, performance.now()) - start) * 1_000) / writes;
    },
    1,
  );
  await zero.close();
  return { samples };
}

async function w5(n: number, isAgain: boolean): Promise<Outcome> {
  const data = world(Math.floor(n * 0.4), { comments: Math.floor(n * 0.6) });
  const query = (): Anything =>
    zql.tasks
      .where('status', 'open')
      .orderBy('createdAt', 'asc')
      .limit(50)
      .related('comments', (some: Anything) => some.related('user'));
  let zero = await filled({ tasks: data.tasks, comments: data.comments, users: data.users });
  const samples = await sample(
    isAgain ? 10 : 3,
    async () => {
      if (!isAgain) {
        await zero.close();
        zero = await filled({ tasks: data.tasks, comments: data.comments, users: data.users });
      }
      let view: Anything;
      const took = timed(() => (view = zero.materialize(query())).data);
      view.destroy();
      return took;
    },
    isAgain ? 2 : 0,
  );
  await zero.close();
  return { samples };
}

async function w6(n: number): Promise<Outcome> {
  await filled({ tasks: world(10).tasks });
  return heapPer(n, async () => {
    const zero = await filled({ tasks: world(n).tasks });
    const view = zero.materialize(zql.tasks);
    return { zero, view, data: view.data };
  });
}

export const subject: Subject = {
  w2: (n) => w2(n),
  w2b20: (n) => besideOthers((others) => w2(n, others), 20),
  w2b100: (n) => besideOthers((others) => w2(n, others), 100),
  w4task: () => w4(false),
  w4each: () => w4(true),
  w5first: (n) => w5(n, false),
  w5again: (n) => w5(n, true),
  w6,
};
