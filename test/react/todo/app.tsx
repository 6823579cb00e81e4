// A small app as programs for InstantDB are written. The test beside it builds it twice: as it stands, and with the import changed.

import { i, id, init, type InstaQLEntity } from '@instantdb/react';
import { type FormEvent, StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';

const schema = i.schema({
  entities: {
    todos: i.entity({ text: i.string().indexed(), done: i.boolean(), createdAt: i.number().indexed() }),
  },
  rooms: {
    todos: { presence: i.entity({ name: i.string() }), topics: { cheer: i.entity({ word: i.string() }) } },
  },
});

const settings = new URLSearchParams(window.location.search);
const setting = (name: string): string => settings.get(name) ?? '';

const db = init({ appId: setting('appId'), apiURI: setting('apiURI'), websocketURI: setting('websocketURI'), schema });
const room = db.room('todos', 'main');

type Todo = InstaQLEntity<typeof schema, 'todos'>;

function App() {
  const [onlyOpen, setOnlyOpen] = useState(false);
  const { isLoading, error, data } = db.useQuery({
    todos: { $: { order: { createdAt: 'asc' }, ...(onlyOpen && { where: { done: false } }) } },
  });
  if (isLoading) return <p id="state">loading</p>;
  if (error) return <p id="state">error: {error.message}</p>;
  return (
    <main>
      <p id="state">ready</p>
      <Others />
      <NewTodo />
      <label>
        <input id="only-open" type="checkbox" checked={onlyOpen} onChange={() => setOnlyOpen(!onlyOpen)} /> only open
      </label>
      <ul>
        {data.todos.map((todo) => (
          <Row key={todo.id} todo={todo} />
        ))}
      </ul>
      <button id="clear" onClick={() => void db.transact(data.todos.filter(({ done }) => done).map(({ id }) => db.tx.todos[id]!.delete()))}>
        Clear
      </button>
    </main>
  );
}

function NewTodo() {
  const [text, setText] = useState('');
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void db.transact(db.tx.todos[id()]!.create({ text, done: false, createdAt: Date.now() }));
    setText('');
  };
  return (
    <form onSubmit={submit}>
      <input id="text" value={text} onChange={({ target }) => setText(target.value)} />
    </form>
  );
}

function Row({ todo }: { todo: Todo }) {
  return (
    <li>
      <input type="checkbox" checked={todo.done} onChange={() => void db.transact(db.tx.todos[todo.id]!.update({ done: !todo.done }))} />
      <span>{todo.text}</span>
    </li>
  );
}

function Others() {
  const [cheer, setCheer] = useState('');
  const { peers } = db.rooms.usePresence(room, { initialPresence: { name: setting('name') } });
  db.rooms.useTopicEffect(room, 'cheer', ({ word }) => setCheer(word));
  const send = db.rooms.usePublishTopic(room, 'cheer');
  const status = db.useConnectionStatus();
  const { isLoading, user } = db.useAuth();
  const names = Object.values(peers).map(({ name }) => name);
  return (
    <button id="others" onClick={() => send({ word: `from ${setting('name')}` })}>
      {names.join()} {cheer} {status} {isLoading ? '' : (user?.email ?? 'nobody')}
    </button>
  );
}

const container = document.querySelector('#app');
if (container)
  createRoot(container).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
