// The whole program: a shopping list that all visitors of the page share. It works offline and synchronises afterwards.

import { i, id, init, type InstaQLEntity } from 'triplane';

const schema = i.schema({
  entities: {
    items: i.entity({ text: i.string(), isDone: i.boolean(), addedAt: i.number().indexed() }),
  },
  rooms: {
    kitchen: { presence: i.entity({}) },
  },
});
type Item = InstaQLEntity<typeof schema, 'items'>;

const config = JSON.parse(find('#config').textContent ?? '') as { appId: string; apiURI: string; websocketURI: string };
const db = init({ ...config, schema, onError: (error) => setText(error.message) });

// Renders the list, now and after every change: in this window, in another tab, or by another user.
db.subscribeQuery({ items: { $: { order: { addedAt: 'asc' } } } }, ({ data, error }) => {
  if (error) setText(error.message);
  else find('#items').replaceChildren(...data.items.map(row));
});

// The number of pending writes, and the other users.
const room = db.joinRoom('kitchen', 'ours');
let [waiting, others, isOnline] = [0, 0, false];
db.outbox.subscribe((entries) => {
  waiting = entries.filter(({ state }) => state !== 'rejected' && state !== 'acknowledged').length;
  renderStatus();
});
db.subscribeConnectionStatus((status) => {
  isOnline = status === 'authenticated';
  renderStatus();
});
room.subscribePresence({}, ({ peers }) => {
  others = Object.keys(peers).length;
  renderStatus();
});

const form = find<HTMLFormElement>('#add');
form.addEventListener('submit', (event) => {
  event.preventDefault();
  const text = find<HTMLInputElement>('[name=text]').value.trim();
  if (text !== '') write(db.tx.items[id()]?.create({ text, isDone: false, addedAt: Date.now() }));
  form.reset();
});

function row({ id: itemId, text, isDone }: Item): HTMLElement {
  const box = Object.assign(document.createElement('input'), { type: 'checkbox', checked: isDone, ariaLabel: `Got ${text}` });
  box.addEventListener('change', () => write(db.tx.items[itemId]?.update({ isDone: box.checked })));
  const remove = Object.assign(document.createElement('button'), { textContent: '×', ariaLabel: `Remove ${text}` });
  remove.addEventListener('click', () => write(db.tx.items[itemId]?.delete()));
  const status = Object.assign(document.createElement('li'), { className: isDone ? 'done' : '' });
  status.append(box, Object.assign(document.createElement('span'), { textContent: text }), remove);
  return status;
}

/** Optimistic. If the server rejects the write, it is rolled back and the page shows the reason. */
function write(chunk: Parameters<typeof db.transact>[0] | undefined): void {
  db.transact(chunk ?? []).settled.catch((error: Error) => setText(error.message));
}

function renderStatus(): void {
  const company = others === 0 ? 'Nobody else is here.' : others === 1 ? 'One other is here.' : `${others} others are here.`;
  const waits = waiting === 0 ? '' : ` ${waiting} ${waiting === 1 ? 'change waits' : 'changes wait'}.`;
  setText((isOnline ? company : 'No line to the server.') + waits);
}

function setText(text: string): void {
  find('#news').textContent = text;
}

function find<Kind extends HTMLElement>(selector: string): Kind {
  const found = document.querySelector<Kind>(selector);
  if (!found) throw new Error(`The page has no ${selector}`);
  return found;
}
