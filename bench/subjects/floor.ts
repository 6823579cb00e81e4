// What a hand-written program for exactly this workload does: no library, no protocol, nothing kept for later.

import { attrName, addQueryOk, triplesOf, world, type Task, attrId, refreshOk, type Comment, type World } from '../data.ts';
import { heapPer, inTurn, isQuick, type Outcome, sample, steady, type Subject, timed } from '../measure.ts';

type Row = Record<string, unknown>;
type Triples = readonly (readonly [e: string, a: string, v: unknown, t: number])[];

const query = { tasks: {} };
const blank = { id: '', title: '', done: false, priority: 0, status: '', createdAt: 0, estimate: 0, project: '' };

function triplesIn(text: string): Triples {
  const message = JSON.parse(text);
  const nodes = message.result ?? message.computations[0]['instaql-result'];
  return nodes[0].data['datalog-result']['join-rows'][0] as Triples;
}

/** Straight into rows of one shape. */
function decode(text: string): Map<string, Row> {
  const rows = new Map<string, Row>();
  let last: Row = { ...blank };
  for (const [e, a, v] of triplesIn(text)) {
    if (last['id'] !== e) {
      const known = rows.get(e);
      last = known ?? { ...blank, id: e };
      if (!known) rows.set(e, last);
    }
    last[attrName.get(a) as string] = v;
  }
  return rows;
}

async function w1(n: number): Promise<Outcome> {
  const text = addQueryOk(query, triplesOf('tasks', world(n).tasks));
  let shown: Row[] = [];
  const run = async (): Promise<number> => timed(() => (shown = [...decode(text).values()]));
  const outcome = await inTurn(isQuick ? 3 : n > 20_000 ? 5 : 11, run, () => timed(() => JSON.parse(text)));
  if (shown.length !== n) throw new Error('not all were decoded');
  return outcome;
}

async function w3(n: number): Promise<Outcome> {
  const { tasks } = world(n);
  let rows = decode(addQueryOk(query, triplesOf('tasks', tasks)));
  let shown = [...rows.values()];
  const texts = ['a', 'b'].map((title) => refreshOk(query, triplesOf('tasks', changed(tasks, title)), 2));
  let round = 0;
  const run = async (): Promise<number> =>
    timed(() => {
      const next = new Map<string, Row>();
      for (const [id, row] of decode(texts[round++ % 2] as string)) {
        const held = rows.get(id);
        next.set(id, held && Object.keys(row).every((key) => row[key] === held[key]) ? held : row);
      }
      rows = next;
      shown = [...rows.values()];
    });
  const outcome = await inTurn(isQuick ? 3 : n > 20_000 ? 5 : 11, run, () => timed(() => JSON.parse(texts[0] as string)));
  if (shown.length !== n) throw new Error('not all were decoded');
  return outcome;
}

const changed = (tasks: readonly Task[], title: string): Task[] => tasks.map((task, at) => (at === 7 ? { ...task, title } : task));

async function w2(n: number): Promise<Outcome> {
  const { tasks } = world(n);
  let shown = [...tasks].sort((a, b) => a.createdAt - b.createdAt);
  const byId = new Map(shown.map((task) => [task.id, task]));
  let notified: readonly Task[] = [];
  const listener = (news: readonly Task[]): void => void (notified = news);
  const samples = await sample(
    200,
    (round) => {
      const { id } = tasks[(round * 37) % n] as Task;
      return timed(() => {
        const before = byId.get(id) as Task;
        const after = { ...before, title: `title ${round}` };
        byId.set(id, after);
        let low = 0;
        let high = shown.length;
        while (low < high) {
          const middle = (low + high) >> 1;
          if ((shown[middle] as Task).createdAt < before.createdAt) low = middle + 1;
          else high = middle;
        }
        shown = shown.slice();
        shown[low] = after;
        listener(shown);
      });
    },
    steady,
  );
  if (notified.length !== n) throw new Error('the listener was not told');
  return { samples };
}

async function w4task(): Promise<Outcome> {
  const { tasks, projects } = world(20_000);
  const lists = new Map(projects.map(({ id }) => [id, tasks.filter((task) => task.project === id)]));
  const place = new Map(tasks.map((task, at) => [task.id, at % 1_000]));
  let notified = 0;
  const samples = await sample(20, (round) =>
    timed(() => {
      const copies = new Map([...lists].map(([id, list]) => [id, list.slice()]));
      for (let at = 0; at < 1_000; at++) {
        const task = tasks[(at * 1021) % tasks.length] as Task;
        const list = copies.get(task.project) as Task[];
        const index = place.get(task.id) as number;
        list[index] = { ...(list[index] as Task), title: `title ${round} ${at}` };
      }
      for (const [id, list] of copies) {
        lists.set(id, list);
        notified += list.length;
      }
    }),
  );
  return notified > 0 ? { samples } : { samples: [] };
}

const w5Data = (n: number): World => world(Math.floor(n * 0.4), { comments: Math.floor(n * 0.6) });

function w5Run({ tasks }: World, commentsOf: ReadonlyMap<string, Comment[]>, users: ReadonlyMap<string, object>, status: string): unknown {
  const top = tasks.filter((task) => task.status === status).sort((a, b) => a.createdAt - b.createdAt);
  return top.slice(0, 50).map((task) => ({
    ...task,
    comments: (commentsOf.get(task.id) ?? []).map((comment) => ({ ...comment, author: [users.get(comment.author)] })),
  }));
}

async function w5first(n: number): Promise<Outcome> {
  const data = w5Data(n);
  const samples = await sample(20, () => timed(() => w5Run(data, ...w5Indexes(data), 'open')));
  return { samples };
}

function w5Indexes({ comments, users }: World): [Map<string, Comment[]>, Map<string, object>] {
  const commentsOf = new Map<string, Comment[]>();
  for (const comment of comments) {
    const list = commentsOf.get(comment.task);
    if (list) list.push(comment);
    else commentsOf.set(comment.task, [comment]);
  }
  return [commentsOf, new Map(users.map((user) => [user.id, user]))];
}

async function w5again(n: number): Promise<Outcome> {
  const data = w5Data(n);
  const indexes = w5Indexes(data);
  const samples = await sample(20, () => timed(() => w5Run(data, ...indexes, 'open')));
  return { samples };
}

function w6(n: number): Promise<Outcome> {
  return heapPer(n, async () => decode(addQueryOk(query, triplesOf('tasks', world(n).tasks))));
}

async function w8(n: number): Promise<Outcome> {
  const stored = JSON.stringify(world(n).tasks.map((task) => Object.values(task)));
  const names = Object.keys(blank);
  const samples = await sample(10, () =>
    timed(() =>
      (JSON.parse(stored) as unknown[][]).map((values) => {
        const row: Row = { ...blank };
        names.forEach((name, at) => (row[name] = values[at]));
        return row;
      }),
    ),
  );
  return { samples };
}

export const subject: Subject = { w1, w2, w2b20: w2, w2b100: w2, w3, w4task, w5first, w5again, w6, w8 };
export { attrId };
