// The page: asks for the films that the form says, and shows what it is told. Everything else is in the files beside it.

import { add, db, switchLine } from './database.ts';
import { byId, toast, within } from './elements.ts';
import { filmAt, show } from './film-list.ts';
import { lookAt } from './people.ts';

const pageSize = 60;
const orders = {
  'votes desc': { votes: 'desc' },
  'imdb desc': { imdb: 'desc' },
  'stars desc': { stars: 'desc' },
  'released desc': { released: 'desc' },
  'released asc': { released: 'asc' },
  'title asc': { title: 'asc' },
  'added desc': { serverCreatedAt: 'desc' },
} as const;

const form = byId('filter', HTMLFormElement);
const search = within(form, '[name=search]', HTMLInputElement);
const genre = within(form, '[name=genre]', HTMLSelectElement);
const order = within(form, '[name=order]', HTMLSelectElement);
const list = byId('films', HTMLOListElement);
const more = byId('more', HTMLButtonElement);
let limit = pageSize;
let stop = (): void => {};
let typing: ReturnType<typeof setTimeout> | undefined;

function isOrder(value: string): value is keyof typeof orders {
  return value in orders;
}

/** The list stays, paler, until the first answer. */
function ask(): void {
  stop();
  list.ariaBusy = 'true';
  // `%` and `_` stand for others, and nothing takes that from them: `_` fits both.
  const wanted = search.value.trim().replace(/[%_]/g, '_');
  const where = {
    ...(wanted !== '' && { title: { $ilike: `%${wanted}%` } }),
    ...(genre.value !== '' && { 'genre.id': genre.value }),
  };
  const sorted = isOrder(order.value) ? orders[order.value] : orders['votes desc'];
  stop = db.subscribeQuery(
    { films: { $: { where, order: sorted, limit }, director: {}, distributor: {}, genre: {} } },
    ({ data, error, pageInfo }) => {
      if (error) return toast(error.message);
      list.ariaBusy = 'false';
      show(data.films);
      byId('empty', HTMLParagraphElement).hidden = data.films.length > 0;
      more.hidden = pageInfo?.films?.hasNextPage !== true;
    },
  );
}

function askAnew(): void {
  limit = pageSize;
  ask();
}

form.addEventListener('submit', (event) => event.preventDefault());
genre.addEventListener('change', askAnew);
order.addEventListener('change', askAnew);
search.addEventListener('input', () => {
  clearTimeout(typing);
  typing = setTimeout(askAnew, 120);
});
more.addEventListener('click', () => {
  limit += pageSize;
  ask();
});
for (const event of ['pointerover', 'focusin'] as const) list.addEventListener(event, ({ target }) => lookAt(filmAt(target)));

const adding = byId('add', HTMLFormElement);
byId('open-add', HTMLButtonElement).addEventListener('click', () => {
  adding.hidden = !adding.hidden;
  if (!adding.hidden) within(adding, '[name=title]', HTMLInputElement).focus();
});
adding.addEventListener('submit', (event) => {
  event.preventDefault();
  const field = (name: string): string => within(adding, `[name=${name}]`, HTMLInputElement).value.trim();
  add(field('title'), Number(field('year')), within(adding, '[name=genre]', HTMLSelectElement).value);
  adding.reset();
  search.value = '';
  genre.value = '';
  order.value = 'added desc';
  askAnew();
});

db.subscribeQuery({ genres: { $: { order: { name: 'asc' } } } }, ({ data }) => {
  for (const select of [genre, within(adding, '[name=genre]', HTMLSelectElement)]) {
    const chosen = select.value;
    const [none] = select.options;
    select.replaceChildren(...(none ? [none] : []), ...(data?.genres ?? []).map(({ id, name }) => new Option(name, id)));
    select.value = chosen;
  }
});

db.subscribeConnectionStatus((status) => {
  const line = byId('status', HTMLParagraphElement);
  line.dataset['status'] = status;
  line.textContent = { connecting: 'connecting', opened: 'connecting', authenticated: 'in step', closed: 'offline', errored: 'refused' }[
    status
  ];
});

db.outbox.subscribe((entries) => {
  const count = entries.filter(({ state }) => state !== 'applied' && state !== 'refused').length;
  const line = byId('waiting', HTMLParagraphElement);
  line.hidden = count === 0;
  line.textContent = `${count} ${count === 1 ? 'write waits' : 'writes wait'}`;
});

byId('line', HTMLButtonElement).addEventListener('click', ({ currentTarget }) => {
  if (!(currentTarget instanceof HTMLButtonElement)) return;
  const isHeld = switchLine();
  currentTarget.ariaPressed = String(isHeld);
  currentTarget.textContent = isHeld ? 'Back online' : 'Work offline';
});

ask();
