// @vitest-environment happy-dom
// An app on `triplane/react`, tested as its authors would: Testing Library, and a server of the test's own. What React complains of, an
// update that the test did not wait for among it, fails the test.

import { cleanup, configure, fireEvent, render, renderHook, screen, waitFor, within } from '@testing-library/react';
import { type FormEvent, type ReactNode, StrictMode } from 'react';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';

import { i, id, init, type InstantReactWebDatabase } from '../../src/react/index.ts';
import { createServer, memory, type TriplaneServer } from '../../src/server/index.ts';
import { hubWorld, userOf } from '../support/hub-world.ts';
import { internals } from '../../src/lib/internals.ts';

declare global {
  var IS_REACT_ACT_ENVIRONMENT: boolean | undefined;
}

const schema = i.schema({
  entities: { todos: i.entity({ list: i.string().indexed(), text: i.string(), done: i.boolean() }) },
});
type Db = InstantReactWebDatabase<typeof schema>;

function Todos({ db, list }: { db: Db; list: string }) {
  const { isLoading, error, data } = db.useQuery({ todos: { $: { where: { list }, order: { serverCreatedAt: 'asc' } } } });
  const { pending } = db.useOutbox();
  if (isLoading) return <p role="status">Loading</p>;
  if (error) return <p role="alert">{error.message}</p>;
  const add = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const text = new FormData(event.currentTarget).get('text') as string;
    void db.transact(db.tx.todos[id()]!.create({ list, text, done: false }));
  };
  return (
    <form onSubmit={add}>
      <p role="status">{pending.length === 0 ? 'Saved' : `${pending.length} to save`}</p>
      <input name="text" aria-label="What" />
      <ul>
        {data.todos.map((todo) => (
          <li key={todo.id}>
            <label>
              <input
                type="checkbox"
                checked={todo.done}
                onChange={() => void db.transact(db.tx.todos[todo.id]!.update({ done: !todo.done }))}
              />
              {todo.text}
            </label>
          </li>
        ))}
      </ul>
    </form>
  );
}

const rows = (): (string | null)[] => screen.queryAllByRole('listitem').map(({ textContent }) => textContent);

function write(text: string): void {
  fireEvent.change(screen.getByLabelText('What'), { target: { value: text } });
  fireEvent.submit(screen.getByLabelText('What').closest('form')!);
}

let server: TriplaneServer;
const opened: Db[] = [];
const complaints = vi.spyOn(console, 'error');

function open(config: { appId?: string; onError?: () => void } = {}): Db {
  const { appId, websocketURI, apiURI } = server;
  return kept(init({ appId, websocketURI, apiURI, schema, ...config }));
}

function kept(db: Db): Db {
  opened.push(db);
  return db;
}

beforeAll(async () => {
  globalThis.IS_REACT_ACT_ENVIRONMENT = true;
  configure({ asyncUtilTimeout: 15_000 });
  server = await createServer({ port: 0, storage: memory(), createAppsOnUse: false });
});

afterEach(() => {
  cleanup();
  for (const db of opened.splice(0)) db.core.shutdown();
  const sent = complaints.mock.calls.splice(0);
  expect(sent).toEqual([]);
});

afterAll(() => server.close());

test('shows loading, rows, its own writes, and writes of another client', async () => {
  const [db, other] = [open(), open()];
  const list = id();
  await other.transact(other.tx.todos[id()]!.create({ list, text: 'run', done: false }));
  render(<Todos db={db} list={list} />);
  expect(screen.getByRole('status').textContent).toBe('Loading');
  expect((await screen.findByLabelText('run')).tagName).toBe('INPUT');
  write('swim');
  await screen.findByText('swim');
  expect(rows()).toEqual(['run', 'swim']);
  void other.transact(other.tx.todos[id()]!.create({ list, text: 'rest', done: false }));
  await screen.findByText('rest');
  fireEvent.click(screen.getByLabelText('swim'));
  await waitFor(() => expect(screen.getByLabelText<HTMLInputElement>('swim').checked).toBe(true));
  await screen.findByText('Saved');
  cleanup();
  const { data } = await other.queryOnce({ todos: { $: { where: { list, done: true } } } });
  expect(data.todos.map(({ text }) => text)).toEqual(['swim']);
});

test('a write is rendered before the server receives it', async () => {
  const world = hubWorld();
  const db = kept(init({ ...world.config, schema }));
  render(<Todos db={db} list="mine" />);
  await screen.findByText('Saved');
  world.hold();
  write('swim');
  await screen.findByText('1 to save');
  expect(rows()).toEqual(['swim']);
  world.letGo();
  await screen.findByText('Saved');
  expect(rows()).toEqual(['swim']);
});

test('the error is rendered when the server does not have the app', async () => {
  render(<Todos db={open({ appId: id(), onError: () => {} })} list="any" />);
  expect((await screen.findByRole('alert')).textContent).toMatch(/app/i);
});

test('StrictMode: queries once, renders once, and is live', async () => {
  const world = hubWorld();
  const db = kept(init({ ...world.config, schema }));
  render(<Todos db={db} list="mine" />, { wrapper: StrictMode });
  await screen.findByText('Saved');
  write('swim');
  await screen.findByText('swim');
  await screen.findByText('Saved');
  expect([rows(), world.sent('add-query').length, world.sent('remove-query').length]).toEqual([['swim'], 1, 0]);
});

test('receives nothing while unmounted, and shows its rows at once when mounted again', async () => {
  const [db, other] = [open(), open()];
  const list = id();
  const { unmount } = render(<Todos db={db} list={list} />);
  await screen.findByText('Saved');
  unmount();
  expect(document.body.textContent).toBe('');
  await other.transact(other.tx.todos[id()]!.create({ list, text: 'run', done: false }));
  render(<Todos db={db} list={list} />);
  expect(screen.getByRole('status').textContent).toBe('Saved');
  await screen.findByText('run');
});

test('two components of one page show the same rows', async () => {
  const db = open();
  const list = id();
  const panes = (
    <>
      <section aria-label="left"><Todos db={db} list={list} /></section>
      <section aria-label="right"><Todos db={db} list={list} /></section>
    </>
  ); // prettier-ignore
  render(panes);
  const [left, right] = ['left', 'right'].map((label) => within(screen.getByLabelText(label)));
  fireEvent.submit((await left!.findByLabelText('What')).closest('form')!);
  await waitFor(() => expect(left!.getAllByRole('listitem')).toHaveLength(1));
  expect(right!.getAllByRole('listitem')).toHaveLength(1);
  await left!.findByText('Saved');
});

test('useAuth in renderHook', async () => {
  const db = kept(init({ ...hubWorld().config, schema }));
  const { result } = renderHook(() => db.useAuth());
  expect(result.current).toEqual({ isLoading: true, user: undefined, error: undefined });
  await waitFor(() => expect(result.current).toEqual({ isLoading: false, user: undefined, error: undefined }));
  void db.core[internals].reactor.account.setUser({ ...userOf('ana'), isGuest: false });
  await waitFor(() => expect(result.current.user?.email).toBe('ana@example.com'));
});

test('useConnectionStatus in renderHook', async () => {
  const world = hubWorld();
  const db = kept(init({ ...world.config, schema, onError: () => {} }));
  const wrapper = ({ children }: { children: ReactNode }) => <StrictMode>{children}</StrictMode>;
  const { result, unmount } = renderHook(() => db.useConnectionStatus(), { wrapper });
  expect(result.current).toBe('connecting');
  await waitFor(() => expect(result.current).toBe('authenticated'));
  world.cut();
  await waitFor(() => expect(result.current).toBe('closed'));
  unmount();
});

test('useOutbox in renderHook: a rejected write is reported and discarded', async () => {
  const db = open({ onError: () => {} });
  const create = db.tx.todos[id()]!.create({ list: id(), text: 'run', done: false });
  await db.transact(create).settled;
  const { result } = renderHook(() => db.useOutbox());
  expect(result.current).toMatchObject({ pending: [], rejected: [] });
  void db.transact(create);
  await waitFor(() => expect(result.current.rejected).toMatchObject([{ error: { code: 'refused' } }]));
  expect(result.current.pending).toEqual([]);
  void result.current.discard(result.current.rejected[0]!.eventId);
  await waitFor(() => expect(result.current.rejected).toEqual([]));
});
