// `@tanstack/db`: local collections and live queries over them, the whole result read after each change, as an app that draws it does.

import { type Comment, type Task, type User, world } from '../data.ts';
import { besideOthers, free, heapPer, isQuick, type Outcome, sample, steady, type Subject, timed } from '../measure.ts';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- its types fit one schema
type Anything = any;

const name = '@tanstack/db';
const { BTreeIndex, createCollection, createLiveQueryCollection, eq, localOnlyCollectionOptions } = await import(name);

const collectionOf = (initialData: readonly (Task | Comment | User)[]): Anything =>
  createCollection({
    ...localOnlyCollectionOptions({ getKey: (row: Task) => row.id, initialData: [...initialData] }),
    autoIndex: 'eager',
    defaultIndexType: BTreeIndex,
  });

async function live(query: (q: Anything) => Anything, on: (rows: readonly Task[]) => void): Promise<Anything> {
  const result = createLiveQueryCollection({ query, startSync: true });
  await result.preload();
  result.subscribeChanges(() => on(result.toArray));
  return result;
}

async function w2(n: number, others = 0): Promise<Outcome> {
  const all = world(n).tasks;
  const tasks = collectionOf(all);
  await tasks.preload();
  let end = 0;
  let called = 0;
  await live(
    (q) => q.from({ t: tasks }).orderBy(({ t }: Anything) => t.createdAt, 'asc'),
    () => (end = performance.now()),
  );
  for (let at = 0; at < others; at++) {
    await live(
      (q) => q.from({ t: tasks }).where(({ t }: Anything) => eq(t.priority, 100 + at)),
      () => called++,
    );
  }
  const samples = await sample(
    n > 20_000 ? 7 : 15,
    async (round) => {
      end = 0;
      const start = performance.now();
      tasks.update((all[(round * 37) % n] as Task).id, (draft: { title: string }) => {
        draft.title = `title ${round}`;
      });
      while (end < start) await free();
      return (others > 0 ? performance.now() : end) - start;
    },
    steady,
  );
  return { samples, notes: { 'calls of unaffected queries': called } };
}

async function w4(isEach: boolean): Promise<Outcome> {
  const { tasks: all, projects } = world(20_000);
  const tasks = collectionOf(all);
  await tasks.preload();
  let end = 0;
  for (const { id } of projects) {
    await live(
      (q) => q.from({ t: tasks }).where(({ t }: Anything) => eq(t.project, id)),
      () => (end = performance.now()),
    );
  }
  const writes = isQuick || isEach ? 200 : 1_000;
  const samples = await sample(
    3,
    async (round) => {
      const start = performance.now();
      for (let at = 0; at < writes; at++) {
        const from = performance.now();
        tasks.update((all[(at * 1021) % all.length] as Task).id, (draft: { title: string }) => {
          draft.title = `title ${round} ${at}`;
        });
        while (isEach && end < from) await free();
      }
      while (end < start) await free();
      return isEach ? (performance.now() - start) / writes : ((end - start) * 1_000) / writes;
    },
    1,
  );
  return { samples };
}

function w5(isAgain: boolean): (n: number) => Promise<Outcome> {
  return async (n) => {
    const data = world(Math.floor(n * 0.4), { comments: Math.floor(n * 0.6) });
    const make = async (): Promise<Anything[]> => {
      const made = [collectionOf(data.tasks), collectionOf(data.comments), collectionOf(data.users)];
      await Promise.all(made.map((one) => one.preload()));
      return made;
    };
    let [tasks, comments, users] = await make();
    const samples = await sample(
      isAgain ? 10 : 5,
      async () => {
        if (!isAgain) [tasks, comments, users] = await make();
        return timed(() => {
          // A join has no nesting: the rows of the page first, then all of theirs.
          const page = createLiveQueryCollection({
            startSync: true,
            query: (q: Anything) =>
              q
                .from({ t: tasks })
                .where(({ t }: Anything) => eq(t.status, 'open'))
                .orderBy(({ t }: Anything) => t.createdAt, 'asc')
                .limit(50),
          });
          const nested = createLiveQueryCollection({
            startSync: true,
            query: (q: Anything) =>
              q
                .from({ p: page })
                .leftJoin({ c: comments }, ({ p, c }: Anything) => eq(p.id, c.task))
                .leftJoin({ u: users }, ({ c, u }: Anything) => eq(c.author, u.id)),
          });
          return [page.toArray, nested.toArray];
        });
      },
      2,
    );
    return { samples };
  };
}

function w6(n: number): Promise<Outcome> {
  return heapPer(n, async () => {
    const tasks = collectionOf(world(n).tasks);
    await tasks.preload();
    const result = await live(
      (q) => q.from({ t: tasks }),
      () => {},
    );
    return { tasks, result, rows: result.toArray };
  });
}

export const subject: Subject = {
  w2: (n) => w2(n),
  w2b20: (n) => besideOthers((others) => w2(n, others), 20),
  w2b100: (n) => besideOthers((others) => w2(n, others), 100),
  w4task: () => w4(false),
  w4each: () => w4(true),
  w5first: w5(false),
  w5again: w5(true),
  w6,
};
