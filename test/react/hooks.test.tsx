// @vitest-environment happy-dom
// The hooks beside useQuery: who is signed in, how the line is, what waits, ids of the device, lists that load page by page, Suspense.

import { Component, type ReactNode, Suspense, useState } from 'react';
import { afterEach, expect, test } from 'vitest';

import { id } from '../../src/lib/uuid.ts';
import { i } from '../../src/schema/schema.ts';
import { hubWorld, userOf } from '../support/hub-world.ts';
import { cleanUp, database, drawn, page, tally } from './page.tsx';
import { internals } from '../../src/lib/internals.ts';

afterEach(cleanUp);

const schema = i.schema({ entities: { todos: i.entity({ text: i.string().indexed(), done: i.boolean().optional() }) } });

test('useAuth, useUser, SignedIn and SignedOut', async () => {
  const db = database(schema);
  const seen: string[] = [];
  function Who() {
    const { isLoading, user } = db.useAuth();
    seen.push(isLoading ? 'loading' : (user?.email ?? 'nobody'));
    return null;
  }
  function Name() {
    return <b>{db.useUser().email}</b>;
  }
  const renderedPage = await page([
    <Who key="who" />,
    <db.SignedIn key="in">
      <Name />
    </db.SignedIn>,
    <db.SignedOut key="out">out</db.SignedOut>,
  ]);
  expect(renderedPage.text).toBe('out');
  await db.core[internals].reactor.account.setUser({ ...userOf('ana'), isGuest: false });
  await drawn();
  expect(renderedPage.text).toBe('ana@example.com');
  await db.core[internals].reactor.account.setUser(undefined);
  await drawn();
  expect([renderedPage.text, seen.slice(-3)]).toEqual(['out', ['nobody', 'ana@example.com', 'nobody']]);
});

test('useUser throws an error that says what to do when no user is signed in', async () => {
  const db = database(schema);
  const errors: unknown[] = [];
  function Name() {
    try {
      return <b>{db.useUser().email}</b>;
    } catch (error) {
      errors.push(error);
      return null;
    }
  }
  await page(<Name />);
  expect(String(errors[0])).toContain('<db.SignedIn>');
});

test('useConnectionStatus and useAppStatus', async () => {
  const db = database(schema);
  const seen: string[] = [];
  function Line() {
    const status = db.useConnectionStatus();
    const { isReadOnly, status: appStatus } = db.useAppStatus();
    seen.push(`${status} ${isReadOnly} ${appStatus}`);
    return null;
  }
  await page(<Line />);
  expect(seen[0]).toBe('connecting undefined undefined');
  expect(seen.at(-1)).toBe('authenticated false active');
  db.world.cut();
  await drawn();
  expect(seen.at(-1)).toBe('closed false active');
});

test('useOutbox: lists pending and rejected writes, and discards them', async () => {
  const db = database(schema);
  const { drew, of } = tally();
  function Outbox() {
    drew('outbox');
    const { pending, rejected, discard } = db.useOutbox();
    return (
      <button onClick={() => rejected.forEach(({ eventId }) => discard(eventId))}>
        {pending.length} wait, {rejected.length} refused{rejected.map(({ error }) => `: ${error?.code}`)}
      </button>
    );
  }
  const { element } = await page(<Outbox />);
  await drawn();
  db.world.cut();
  await drawn();
  const todo = id();
  void db.transact(db.tx.todos[todo]!.create({ text: 'a' })).catch(() => {});
  await drawn();
  expect(element.textContent).toBe('1 wait, 0 refused');
  db.world.mend();
  await expect.poll(() => element.textContent).toBe('0 wait, 0 refused');
  void db.transact(db.tx.todos[todo]!.create({ text: 'twice' })).settled.catch(() => {});
  await drawn();
  expect(element.textContent).toBe('0 wait, 1 refused: refused');
  const before = of('outbox');
  await drawn();
  expect(of('outbox')).toBe(before);
  element.querySelector('button')!.click();
  await drawn();
  expect(element.textContent).toBe('0 wait, 0 refused');
});

test('useLocalId: returns the same id to all components, and at once to later ones', async () => {
  const db = database(schema);
  const seen: (string | null)[] = [];
  function Id() {
    seen.push(db.useLocalId('guest'));
    return null;
  }
  const { render } = await page(<Id key="a" />);
  const known = await db.getLocalId('guest');
  expect(seen).toEqual([null, known]);
  await render(<Id key="b" />);
  expect(seen).toEqual([null, known, known]);
});

test('useInfiniteQuery: loads page after page, is live as a whole, and keeps the same object while nothing changes', async () => {
  const db = database(schema);
  const texts = ['a', 'b', 'c', 'd', 'e'];
  await db.transact(texts.map((text) => db.tx.todos[id()]!.create({ text })));
  const states: object[] = [];
  function List({ limit }: { limit: number }) {
    const [, again] = useState(0);
    const state = db.useInfiniteQuery({ todos: { $: { limit, order: { text: 'asc' } } } });
    states.push(state);
    return (
      <div>
        <p>{state.data?.todos.map(({ text }) => text).join('')}</p>
        <button onClick={state.loadNextPage} disabled={!state.canLoadNextPage} />
        <i onClick={() => again((times) => times + 1)} />
      </div>
    );
  }
  const { element, render } = await page(<List limit={2} />);
  const shown = () => element.querySelector('p')!.textContent;
  const button = () => element.querySelector('button')!;
  await expect.poll(() => [shown(), button().disabled]).toEqual(['ab', false]);
  button().click();
  await drawn();
  expect(shown()).toBe('abcd');
  void db.transact(db.tx.todos[id()]!.create({ text: 'aa' }));
  await drawn();
  expect(shown()).toBe('aaabcd');
  element.querySelector('i')!.click();
  await drawn();
  expect(states.at(-1)).toBe(states.at(-2));
  await render(<List limit={3} />);
  await expect.poll(shown).toBe('aaab');
});

class Boundary extends Component<{ children: ReactNode }, { error?: Error }> {
  override state: { error?: Error } = {};
  static getDerivedStateFromError(error: Error) {
    return { error };
  }
  override render() {
    return this.state.error ? `failed: ${this.state.error.message}` : this.props.children;
  }
}

test('useSuspenseQuery: shows the fallback, then the result; errors reach the boundary; the query is sent once', async () => {
  const world = hubWorld();
  const db = database(schema, world);
  await db.transact(db.tx.todos[id()]!.create({ text: 'a' }));
  world.hold();
  function Todos() {
    return <p>{db.useSuspenseQuery({ todos: {} }).data.todos.map(({ text }) => text)}</p>;
  }
  const suspended = await page(
    <Suspense fallback="wait">
      <Todos />
    </Suspense>,
    { isStrict: true },
  );
  expect(suspended.text).toBe('wait');
  world.letGo();
  // React keeps a fallback for a while, so that it does not flicker.
  await expect.poll(() => suspended.text).toBe('a');
  void db.transact(db.tx.todos[id()]!.create({ text: 'b' }));
  await drawn();
  expect(suspended.text).toBe('ab');
  expect(world.sent('add-query')).toHaveLength(1);
  function Wrong() {
    return <p>{db.useSuspenseQuery({ todos: { $: { where: { text: { $nonsense: 1 } } } } } as never).data}</p>;
  }
  const wrong = await page(<Boundary><Suspense fallback="wait"><Wrong /></Suspense></Boundary>, { onError: () => {} }); // prettier-ignore
  expect(wrong.text).toContain('failed: ');
});
