// @vitest-environment happy-dom
// What is drawn of a query, how often, and what is asked for it.

import { memo, useState } from 'react';
import { afterEach, expect, test } from 'vitest';

import { id } from '../../src/lib/uuid.ts';
import { i } from '../../src/schema/schema.ts';
import { cleanUp, database, drawn, page, tally } from './page.tsx';
import { internals } from '../../src/lib/internals.ts';

afterEach(cleanUp);

const schema = i.schema({ entities: { todos: i.entity({ text: i.string(), done: i.boolean().optional() }), others: i.entity({}) } });

async function withTodos(...texts: string[]) {
  const db = database(schema);
  // The server may make several in one millisecond, and then the id tells which comes first.
  const ids = texts.map(() => id()).sort();
  for (const [at, text] of texts.entries()) await db.transact(db.tx.todos[ids[at]!]!.create({ text, done: false }));
  await drawn();
  return Object.assign(db, { ids });
}

test('returns loading, then the result, then every change', async () => {
  const db = await withTodos('run');
  const seen: unknown[] = [];
  function Todos() {
    const state = db.useQuery({ todos: {} });
    seen.push(state);
    return <p>{state.data ? state.data.todos.map(({ text }) => text).join() : 'loading'}</p>;
  }
  const { element } = await page(<Todos />);
  expect(seen[0]).toEqual({ isLoading: true, data: undefined, pageInfo: undefined, error: undefined });
  expect(seen.at(-1)).toMatchObject({ isLoading: false, data: { todos: [{ text: 'run' }] }, error: undefined });
  void db.transact(db.tx.todos[id()]!.create({ text: 'swim' }));
  for (let turn = 0; turn < 4; turn += 1) await Promise.resolve();
  expect(element.textContent).toBe('run,swim');
  await drawn();
  expect(element.textContent).toBe('run,swim');
  expect(seen).toHaveLength(3);
});

test('a write renders only the row that it changed', async () => {
  const db = await withTodos('a', 'b', 'c');
  const { drew, all } = tally();
  const Row = memo(function Row({ todo }: { todo: { text: string } }) {
    drew(todo.text);
    return <li>{todo.text}</li>;
  });
  function List() {
    drew('list');
    const { data } = db.useQuery({ todos: {} });
    return (
      <ul>
        {data?.todos.map((todo) => (
          <Row key={todo.id} todo={todo} />
        ))}
      </ul>
    );
  }
  function Aside() {
    drew('aside');
    db.useQuery({ others: {} });
    return null;
  }
  const { text } = await page([<List key="list" />, <Aside key="aside" />]);
  expect(text).toBe('abc');
  expect(all).toEqual({ list: 2, aside: 2, a: 1, b: 1, c: 1 });
  void db.transact(db.tx.todos[db.ids[1]!]!.update({ text: 'B' }));
  await drawn();
  expect(all).toEqual({ list: 3, aside: 2, a: 1, b: 1, c: 1, B: 1 });
});

test('a selection renders only when it changed, though `select` is new and makes new objects', async () => {
  const db = await withTodos('a', 'b');
  const { drew, all } = tally();
  function Count() {
    drew('count');
    return <p>{db.useQuery({ todos: {} }, { select: ({ todos }) => todos.length }).data}</p>;
  }
  function Open() {
    drew('open');
    const { data } = db.useQuery(
      { todos: {} },
      { select: ({ todos }) => ({ texts: todos.filter(({ done }) => !done).map(({ text }) => text) }) },
    );
    return <p>{data?.texts.join()}</p>;
  }
  const { element } = await page([<Count key="count" />, <Open key="open" />]);
  expect(element.textContent).toBe('2a,b');
  void db.transact(db.tx.todos[db.ids[0]!]!.update({ text: 'A' }));
  await drawn();
  expect([element.textContent, all]).toEqual(['2A,b', { count: 2, open: 3 }]);
  void db.transact(db.tx.todos[id()]!.create({ text: 'c', done: true }));
  await drawn();
  expect([element.textContent, all]).toEqual(['3A,b', { count: 3, open: 3 }]);
});

test('a component that reads page info is updated when it changes', async () => {
  const db = await withTodos('a');
  const cursors: unknown[] = [];
  function First() {
    const { pageInfo } = db.useQuery({ todos: { $: { first: 1 } } });
    cursors.push(pageInfo?.todos.hasNextPage);
    return null;
  }
  await page(<First />);
  await db.transact(db.tx.todos[id()]!.create({ text: 'b' }));
  await drawn();
  expect([cursors[0], cursors.at(1), cursors.at(-1)]).toEqual([undefined, false, true]);
});

test('equal queries are sent once; a page that changes route neither sends them again nor flickers', async () => {
  const db = await withTodos('a');
  const seen: string[] = [];
  function Route({ name }: { name: string }) {
    const { isLoading, data } = db.useQuery({ todos: { $: { where: { done: false } } } });
    seen.push(`${name} ${isLoading ? 'loading' : data?.todos.length}`);
    return null;
  }
  const { render } = await page([<Route key="a" name="a" />, <Route key="a2" name="a" />]);
  await render(<Route key="b" name="b" />);
  expect(seen.filter((text) => text.startsWith('b'))).toEqual(['b 1']);
  await render(null);
  await render(<Route key="c" name="c" />);
  expect(seen.at(-1)).toBe('c 1');
  expect(db.world.sent('add-query')).toHaveLength(1);
  expect(db.world.sent('remove-query').filter(({ q }) => 'todos' in (q as object))).toEqual([]);
});

test('StrictMode sends the query once', async () => {
  const db = await withTodos('a');
  function Todos() {
    return <p>{db.useQuery({ todos: {} }).data?.todos.length}</p>;
  }
  const { element } = await page(<Todos />, { isStrict: true });
  expect(element.textContent).toBe('1');
  expect(db.world.sent('add-query')).toHaveLength(1);
  expect(db.world.sent('remove-query').filter(({ q }) => 'todos' in (q as object))).toEqual([]);
});

test('another query shows its own result, never the previous one', async () => {
  const db = await withTodos('a', 'b');
  const seen: string[] = [];
  let choose: (text: string | null) => void = () => {};
  function One() {
    const [text, setText] = useState<string | null>('a');
    choose = setText;
    const { isLoading, data } = db.useQuery(text === null ? null : { todos: { $: { where: { text } } } });
    seen.push(`${text} ${isLoading ? 'loading' : data?.todos.map((todo) => todo.text).join()}`);
    return null;
  }
  await page(<One />);
  choose('b');
  await drawn();
  choose(null);
  await drawn();
  choose('a');
  await drawn();
  expect(seen).toEqual(['a loading', 'a a', 'b loading', 'b b', 'null loading', 'a a']);
});

test('an invalid query throws where the hook is called', async () => {
  const db = database(schema);
  const errors: unknown[] = [];
  function Wrong() {
    try {
      db.useQuery({ todos: { $: { where: 3 } } } as never);
    } catch (error) {
      errors.push(error);
    }
    return null;
  }
  await page(<Wrong />);
  expect(errors).toEqual([expect.objectContaining({ code: 'query-invalid' })]);
});

test('after the user changed, the previous results disappear at once', async () => {
  const db = await withTodos('secret');
  const seen: string[] = [];
  function Todos() {
    const { isLoading, data } = db.useQuery({ todos: {} });
    seen.push(isLoading ? 'loading' : data!.todos.map(({ text }) => text).join());
    return null;
  }
  await page(<Todos />);
  await db.core[internals].reactor.account.setUser({ id: id(), refresh_token: 'someone', isGuest: false });
  await drawn();
  expect(seen).toEqual(['loading', 'secret', 'loading', 'secret']);
});
