// @vitest-environment happy-dom
// Undo and redo, through the server and back.

import { afterEach, expect, test } from 'vitest';

import { id } from '../../src/lib/uuid.ts';
import { i } from '../../src/schema/schema.ts';
import { type Undo, useUndo } from '../../src/react/use-undo.ts';
import { cleanUp, database, drawn, page } from './page.tsx';

afterEach(cleanUp);

const schema = i.schema({
  entities: {
    goals: i.entity({ title: i.string() }),
    todos: i.entity({ text: i.string(), done: i.boolean().optional(), meta: i.json<{ n: number }>().optional() }),
  },
  links: {
    goalTodos: { forward: { on: 'goals', has: 'many', label: 'todos' }, reverse: { on: 'todos', has: 'one', label: 'goal' } },
  },
});

async function open() {
  const db = database(schema);
  const [goal, todo] = [id(), id()];
  await db.transact([db.tx.goals[goal]!.create({ title: 'swim' }), db.tx.todos[todo]!.create({ text: 'buy' }).link({ goal })]);
  let undoing: Undo | undefined;
  function Goals() {
    undoing = useUndo(db);
    const { data } = db.useQuery({ goals: { todos: {} } });
    const { canUndo, canRedo } = undoing;
    const line = data?.goals.map(
      ({ title, todos }) => `${title}: ${todos.map((each) => JSON.stringify(each, ['text', 'done', 'meta', 'n'])).join()}`,
    );
    return `${line?.join(';')} ${canUndo ? 'undo' : ''}${canRedo ? 'redo' : ''}`;
  }
  const shown = await page(<Goals />);
  const after = async (happen: (through: Undo) => unknown) => {
    happen(undoing!);
    await drawn();
    return shown.text.trim();
  };
  return { db, goal, todo, shown, after };
}

test('values, links, creations and deletions are undone and redone', async () => {
  const { db, goal, todo, shown, after } = await open();
  expect(shown.text.trim()).toBe('swim: {"text":"buy"}');
  expect(await after(({ transact }) => transact(db.tx.todos[todo]!.update({ done: true, meta: { n: 1 } })))).toContain('"done":true');
  expect(await after(({ undo }) => undo())).toBe('swim: {"text":"buy"} redo');
  expect(await after(({ redo }) => redo())).toBe('swim: {"text":"buy","done":true,"meta":{"n":1}} undo');
  expect(await after(({ undo }) => undo())).toBe('swim: {"text":"buy"} redo');
  expect(await after(({ transact }) => transact(db.tx.todos[todo]!.delete()))).toBe('swim:  undo');
  expect(await after(({ undo }) => undo())).toBe('swim: {"text":"buy"} redo');
  const other = id();
  expect(await after(({ transact }) => transact(db.tx.todos[other]!.create({ text: 'run' }).link({ goal })))).toContain('run');
  expect(await after(({ undo }) => undo())).toBe('swim: {"text":"buy"} redo');
  expect((await db.queryOnce({ todos: {} })).data.todos).toMatchObject([{ id: todo, text: 'buy' }]);
  expect((await db.queryOnce({ goals: { todos: {} } })).data.goals).toMatchObject([{ todos: [{ id: todo }] }]);
});

test('a write to an entity outside all live queries is applied and cannot be undone', async () => {
  const { db, after } = await open();
  expect(await after(({ transact }) => transact(db.tx.todos[id()]!.update({ text: 'unseen' })))).toBe('swim: {"text":"buy"}');
  expect((await db.queryOnce({ todos: {} })).data.todos).toHaveLength(2);
});

test('a write that the server rejects cannot be undone', async () => {
  const { db, todo, after } = await open();
  expect(await after(({ transact }) => transact(db.tx.todos[todo]!.create({ text: 'twice' })))).toBe('swim: {"text":"buy"}');
});
