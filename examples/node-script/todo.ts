// Todos on the command line, with links from each to its topic: `npm start -- add "Call the bank" money`, `npm start -- done call`,
// `npm start`. The server runs as long as the command does, and keeps its data in the folder `.triplane`, or the one TODO_DATA names.

import { i, id, init, lookup, memoryStore } from 'triplane';
import { createServer, sqlite } from 'triplane/server';

const schema = i.schema({
  entities: {
    todos: i.entity({ text: i.string().indexed(), isDone: i.boolean().indexed(), addedAt: i.number().indexed() }),
    topics: i.entity({ name: i.string().unique().indexed() }),
  },
  links: {
    todoTopic: { forward: { on: 'todos', has: 'one', label: 'topic' }, reverse: { on: 'topics', has: 'many', label: 'todos' } },
  },
});

const storage = await sqlite(process.env['TODO_DATA'] ?? '.triplane');
// Constant, because it identifies the data in the file.
const server = await createServer({ storage, appId: '70d05c12-17e0-4e0a-8f43-70d05c1217e0' });
const { appId, apiURI, websocketURI } = server;
const db = init({ appId, apiURI, websocketURI, schema, storage: memoryStore() });

const [command = 'list', text = '', topic = 'other'] = process.argv.slice(2);
if (command === 'add') {
  const todo = db.tx.todos[id()]?.create({ text, isDone: false, addedAt: Date.now() }).link({ topic: lookup('name', topic) }) ?? [];
  // A lookup without a match creates the entity.
  await db.transact([db.tx.topics[lookup('name', topic)]?.update({}) ?? [], todo].flat()).settled;
} else if (command === 'done') {
  const { data } = await db.queryOnce({ todos: { $: { where: { text: { $ilike: `%${text}%` }, isDone: false } } } });
  await db.transact(data.todos.flatMap((todo) => db.tx.todos[todo.id]?.update({ isDone: true }) ?? [])).settled;
} else if (command !== 'list') {
  process.exitCode = 1;
  console.error(`There is no '${command}': add <text> [topic], done <part of the text>, list`);
}

const { data } = await db.queryOnce({ topics: { $: { order: { name: 'asc' } }, todos: { $: { order: { addedAt: 'asc' } } } } });
for (const { name, todos } of data.topics)
  console.log([name, ...todos.map((todo) => `  [${todo.isDone ? 'x' : ' '}] ${todo.text}`)].join('\n'));

db.shutdown();
await server.close();
