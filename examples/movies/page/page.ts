// The page: subscribes to the films that the form selects and renders the result. The rest is in the other files of this folder.

import { add, db, toggleConnection } from './database.ts';
import { byId, toast, within } from './elements.ts';
import { filmAt, renderList } from './film-list.ts';
import { setViewedFilm } from './people.ts';

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

/** Dims the list until the first result. */
function subscribe(): void {
  stop();
  list.ariaBusy = 'true';
  // `%` and `_` are wildcards that cannot be escaped; `_` matches both.
  const filters = search.value.trim().replace(/[%_]/g, '_');
  const where = {
    ...(filters !== '' && { title: { $ilike: `%${filters}%` } }),
    ...(genre.value !== '' && { 'genre.id': genre.value }),
  };
  const sorted = isOrder(order.value) ? orders[order.value] : orders['votes desc'];
  stop = db.subscribeQuery(
    { films: { $: { where, order: sorted, limit }, director: {}, distributor: {}, genre: {} } },
    ({ data, error, pageInfo }) => {
      if (error) return toast(error.message);
      list.ariaBusy = 'false';
      renderList(data.films);
      byId('empty', HTMLParagraphElement).hidden = data.films.length > 0;
      more.hidden = pageInfo?.films?.hasNextPage !== true;
    },
  );
}

function resubscribe(): void {
  limit = pageSize;
  subscribe();
}

form.addEventListener('submit', (event) => event.preventDefault());
genre.addEventListener('change', resubscribe);
order.addEventListener('change', resubscribe);
search.addEventListener('input', () => {
  clearTimeout(typing);
  typing = setTimeout(resubscribe, 120);
});
more.addEventListener('click', () => {
  limit += pageSize;
  subscribe();
});
for (const event of ['pointerover', 'focusin'] as const) list.addEventListener(event, ({ target }) => setViewedFilm(filmAt(target)));

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
  resubscribe();
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
  const statusBadge = byId('status', HTMLParagraphElement);
  statusBadge.dataset['status'] = status;
  statusBadge.textContent = {
    connecting: 'connecting',
    opened: 'connecting',
    authenticated: 'in step',
    closed: 'offline',
    errored: 'refused',
  }[status];
});

db.outbox.subscribe((entries) => {
  const count = entries.filter(({ state }) => state !== 'acknowledged' && state !== 'rejected').length;
  const statusBadge = byId('waiting', HTMLParagraphElement);
  statusBadge.hidden = count === 0;
  statusBadge.textContent = `${count} ${count === 1 ? 'write waits' : 'writes wait'}`;
});

byId('line', HTMLButtonElement).addEventListener('click', ({ currentTarget }) => {
  if (!(currentTarget instanceof HTMLButtonElement)) return;
  const isOffline = toggleConnection();
  currentTarget.ariaPressed = String(isOffline);
  currentTarget.textContent = isOffline ? 'Back online' : 'Work offline';
});

subscribe();
