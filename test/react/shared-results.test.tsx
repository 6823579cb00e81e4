// @vitest-environment happy-dom
// Components that read the same query, one after the other or at once: what they share, and what they do not.

import { Suspense, useState } from 'react';
import { afterEach, expect, test, vi } from 'vitest';

import { getInfiniteQueryInitialSnapshot } from '../../src/index.ts';
import { id } from '../../src/lib/uuid.ts';
import { i } from '../../src/schema/schema.ts';
import { cleanUp, database, drawn, page } from './page.tsx';

afterEach(cleanUp);
afterEach(() => vi.restoreAllMocks());

const schema = i.schema({
  entities: { todos: i.entity({ text: i.string().indexed() }), tags: i.entity({ name: i.string() }) },
  links: { tagged: { forward: { on: 'todos', has: 'many', label: 'tags' }, reverse: { on: 'tags', has: 'many', label: 'todos' } } },
});

async function withTodos(...texts: string[]) {
  const db = database(schema);
  const ids = texts.map(() => id());
  await db.transact(texts.map((text, at) => db.tx.todos[ids[at]!]!.create({ text })));
  await drawn();
  return Object.assign(db, { ids });
}

const query = { todos: { $: { order: { text: 'asc' } } } } as const;

test('a component that sorts its result in place affects no other component, and unchanged rows keep their identity', async () => {
  const db = await withTodos('a', 'b', 'c');
  const rows: { text: string }[][] = [];
  function Backwards() {
    const { data } = db.useQuery(query);
    return <i>{data?.todos.reverse().map(({ text }) => text)}</i>;
  }
  function Forwards({ again }: { again: number }) {
    const { data } = db.useQuery(query);
    if (data) rows.push([...data.todos]);
    return <b title={String(again)}>{data?.todos.map(({ text }) => text)}</b>;
  }
  const shown = await page([<Backwards key="1" />, <Forwards key="2" again={1} />]);
  expect(shown.element.querySelector('b')!.textContent).toBe('abc');
  await shown.render([<Backwards key="1" />, <Forwards key="2" again={2} />]);
  expect(shown.element.querySelector('b')!.textContent).toBe('abc');
  void db.transact(db.tx.todos[db.ids[1]!]!.update({ text: 'bb' }));
  await drawn();
  expect(shown.element.querySelector('b')!.textContent).toBe('abbc');
  const [first, last] = [rows[0]!, rows.at(-1)!];
  expect([last[0] === first[0], last[1] === first[1], last[2] === first[2]]).toEqual([true, false, true]);
});

test('the same holds with nested lists, with a selector, and inside Suspense', async () => {
  const db = await withTodos('a');
  for (const name of ['x', 'y']) await db.transact(db.tx.tags[id()]!.create({ name }).link({ todos: db.ids[0]! }));
  const nested = { todos: { tags: { $: { order: { serverCreatedAt: 'asc' } } } } } as const;
  const names = (todos: readonly { tags: readonly { name: string }[] }[]) => todos[0]?.tags.map(({ name }) => name).join('');
  function Cut() {
    db.useQuery(nested).data?.todos[0]?.tags.splice(0);
    db.useQuery(nested, { select: ({ todos }) => todos[0]?.tags.splice(0).length });
    db.useSuspenseQuery(nested).data.todos[0]?.tags.splice(0);
    return null;
  }
  function Shown() {
    return <p>{[names(db.useQuery(nested).data?.todos ?? []), names(db.useSuspenseQuery(nested).data.todos)].join(' ')}</p>;
  }
  const all = await page(
    <Suspense fallback="waiting">
      <Cut />
      <Shown />
    </Suspense>,
  );
  await expect.poll(() => all.text).toBe('xy xy');
});

test('getInfiniteQueryInitialSnapshot: returns the list on the screen', async () => {
  const db = await withTodos('a', 'b', 'c', 'd', 'e');
  const paged = { todos: { $: { limit: 2, order: { text: 'asc' } } } } as const;
  const snapshot = () => {
    const { data, canLoadNextPage } = getInfiniteQueryInitialSnapshot(db.core, paged);
    return [data?.todos.map(({ text }) => text).join(''), canLoadNextPage];
  };
  expect(snapshot()).toEqual([undefined, false]);
  const list = db.core.subscribeInfiniteQuery(paged, ({ data }) => data?.todos.reverse());
  await expect.poll(snapshot).toEqual(['ab', true]);
  list.loadNextPage();
  await expect.poll(snapshot).toEqual(['abcd', true]);
  list.loadNextPage();
  await expect.poll(snapshot).toEqual(['abcde', false]);
  list.unsubscribe();
  await drawn();
  expect(snapshot()[0]).not.toBe('abcde');
});

test('useInfiniteQuery: a second list of the same query shows its first page at once', async () => {
  const db = await withTodos('a', 'b', 'c', 'd', 'e');
  const seen: [boolean, string | undefined, boolean][] = [];
  function List({ name }: { name: string }) {
    const { isLoading, data, canLoadNextPage, loadNextPage } = db.useInfiniteQuery({ todos: { $: { limit: 2, order: { text: 'asc' } } } });
    const texts = data?.todos.map(({ text }) => text).join('');
    if (name === 'second') seen.push([isLoading, texts, canLoadNextPage]);
    return <button id={name} onClick={loadNextPage}>{texts}</button>; // prettier-ignore
  }
  const { element, render } = await page(<List key="first" name="first" />);
  const text = (name: string) => element.querySelector(`#${name}`)!.textContent;
  await expect.poll(() => text('first')).toBe('ab');
  (element.querySelector('#first') as HTMLElement).click();
  await expect.poll(() => text('first')).toBe('abcd');
  await render([<List key="first" name="first" />, <List key="second" name="second" />]);
  await drawn();
  expect(new Set(seen.map(String))).toEqual(new Set([String([false, 'ab', true])]));
  (element.querySelector('#second') as HTMLElement).click();
  await expect.poll(() => text('second')).toBe('abcd');
  expect(text('first')).toBe('abcd');
});

test('useInfiniteQuery: a list that is soon mounted again is unchanged, and sends no query again', async () => {
  const db = await withTodos('a', 'b', 'c');
  const seen: (string | undefined)[] = [];
  function List() {
    const { data, loadNextPage } = db.useInfiniteQuery({ todos: { $: { limit: 1, order: { text: 'asc' } } } });
    seen.push(data?.todos.map(({ text }) => text).join(''));
    return <button onClick={loadNextPage}>{seen.at(-1)}</button>;
  }
  const shown = await page(<List />);
  await expect.poll(() => shown.text).toBe('a');
  shown.element.querySelector('button')!.click();
  await expect.poll(() => shown.text).toBe('ab');
  await shown.render(<p>elsewhere</p>);
  const asked = db.world.sent('add-query').length;
  seen.length = 0;
  await shown.render(<List />);
  expect(new Set(seen)).toEqual(new Set(['ab']));
  expect(db.world.sent('add-query')).toHaveLength(asked);
  shown.element.querySelector('button')!.click();
  await expect.poll(() => shown.text).toBe('abc');
});

test.each([
  ['a query that differs', "'todos.$.where.text.$gt'", (at: number) => ({ text: { $gt: `${at}` }, ruleParams: { at: 0 } })],
  ['rule params that differ', "'$$ruleParams.at'", (at: number) => ({ text: 'a', ruleParams: { at } })],
])('%s on each render inside Suspense: one warning that names the part that changes', async (_, part, ask) => {
  const db = await withTodos('a');
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  let now = 0;
  let isOver = false;
  function Endless() {
    const at = isOver ? 0 : ++now;
    const { text, ruleParams } = ask(at);
    const { data } = db.useSuspenseQuery({ todos: { $: { where: { text } } } }, { ruleParams });
    return <p>{data.todos.length}</p>;
  }
  await page(
    <Suspense fallback="waiting">
      <Endless />
    </Suspense>,
  );
  for (let turn = 0; turn < 60 && warn.mock.calls.length === 0; turn++) await drawn();
  for (let turn = 0; turn < 10; turn++) await drawn();
  isOver = true;
  await drawn();
  expect(warn).toHaveBeenCalledTimes(1);
  expect(warn.mock.calls[0]!.join(' ')).toContain(part);
});

test('a query that differs on each render outside Suspense: every one is asked, and one warning names the part that changes', async () => {
  const db = await withTodos('a');
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  let now = 0;
  let isOver = false;
  function Endless() {
    const { data } = db.useQuery({ todos: { $: { where: { text: { $gte: isOver ? 'a' : `a${++now}` } } } } });
    return <p>{data ? data.todos.length : 'waiting'}</p>;
  }
  const { element } = await page(<Endless />);
  for (let turn = 0; turn < 60 && warn.mock.calls.length === 0; turn++) await drawn();
  for (let turn = 0; turn < 10; turn++) await drawn();
  isOver = true;
  await expect.poll(() => element.textContent).toBe('1');
  expect(warn).toHaveBeenCalledTimes(1);
  expect(warn.mock.calls[0]!.join(' ')).toContain(
    "useQuery: the query is a new one at each render, so the component waits for ever. What changes is 'todos.$.where.text.$gte'",
  );
});

test('a user who types faster than the server responds causes no warning', async () => {
  const db = await withTodos('a');
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  function Found({ text }: { text: string }) {
    return <p>{db.useQuery({ todos: { $: { where: { text: { $like: text } } } } }).data?.todos.length}</p>;
  }
  const { render } = await page(<Found text="" />);
  db.world.hold();
  for (let turn = 0; turn < 30; turn++) await render(<Found text={`typed ${turn}`} />);
  db.world.letGo();
  for (let turn = 0; turn < 30; turn++) await render(<Found text={`typed again ${turn}`} />);
  expect(warn).not.toHaveBeenCalled();
});

test('queries that change with user input cause no warning', async () => {
  const db = await withTodos('a');
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  function Search() {
    const [text, setText] = useState(0);
    return (
      <Suspense fallback="waiting">
        <button onClick={() => setText((last) => last + 1)} />
        <Found text={text} />
      </Suspense>
    );
  }
  function Found({ text }: { text: number }) {
    return <p>{db.useSuspenseQuery({ todos: { $: { where: { text: `search ${text}` } } } }).data.todos.length}</p>;
  }
  const { element } = await page(<Search />);
  const [paragraph, button] = ['p', 'button'].map((name) => () => element.querySelector(name));
  for (let turn = 0; turn < 12; turn++) {
    await expect.poll(paragraph!).not.toBeNull();
    (button!() as HTMLElement).click();
    await drawn();
  }
  expect(warn).not.toHaveBeenCalled();
});
