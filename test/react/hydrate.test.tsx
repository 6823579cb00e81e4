// @vitest-environment happy-dom
// A page that came from a server is taken over: first as it was rendered there, then with what the browser knows.

import { hydrateRoot } from 'react-dom/client';
import { renderToString } from 'react-dom/server';
import { afterEach, expect, test } from 'vitest';

import { id } from '../../src/lib/uuid.ts';
import { i } from '../../src/schema/schema.ts';
import { cleanUp, database, drawn, page } from './page.tsx';

afterEach(cleanUp);

const schema = i.schema({ entities: { todos: i.entity({ text: i.string() }) } });

test('hydration has no mismatch although the result is already loaded', async () => {
  const db = database(schema);
  await db.transact(db.tx.todos[id()]!.create({ text: 'a' }));
  const seen: string[] = [];
  function Todos() {
    const { data } = db.useQuery({ todos: {} });
    const text = data ? data.todos.map(({ text }) => text).join() : 'loading';
    seen.push(text);
    return <p>{text}</p>;
  }
  await page(<Todos />);
  seen.length = 0;
  const container = document.createElement('div');
  container.innerHTML = renderToString(<Todos />);
  expect(container.textContent).toBe('loading');
  const errors: unknown[] = [];
  const root = hydrateRoot(container, <Todos />, { onRecoverableError: (error) => errors.push(error) });
  await drawn();
  expect([container.textContent, seen, errors]).toEqual(['a', ['loading', 'loading', 'a'], []]);
  root.unmount();
});
