// The list on the page. Unchanged rows of a result keep their identity, so only the others are rendered again.

import type { InstaQLEntity } from 'triplane';

import type { Schema } from '../schema.ts';
import { rate, remove } from './database.ts';
import { byId, within } from './elements.ts';

// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- `{}` asks for a linked entity, whole
export type Film = InstaQLEntity<Schema, 'films', { director: {}; distributor: {}; genre: {} }>;

interface RenderedFilm {
  film: Film;
  readonly item: HTMLLIElement;
}

const list = byId('films', HTMLOListElement);
const template = byId('film', HTMLTemplateElement);
let rendered = new Map<string, RenderedFilm>();

export function renderList(films: readonly Film[]): void {
  const before = rendered;
  rendered = new Map(films.map((film) => [film.id, renderedItem(film, before.get(film.id))]));
  for (const [filmId, { item }] of before) if (!rendered.has(filmId)) item.remove();
  let at = list.firstElementChild;
  for (const { item } of rendered.values()) {
    if (item === at) at = at.nextElementSibling;
    else list.insertBefore(item, at);
  }
}

/** The colours of the users who view each film. */
export function mark(colours: ReadonlyMap<string, string>): void {
  for (const [filmId, { item }] of rendered) {
    const colour = colours.get(filmId);
    if (colour) item.style.setProperty('--who', colour);
    else item.style.removeProperty('--who');
  }
}

/** The film that an event concerns. */
export function filmAt(target: EventTarget | null): string | undefined {
  return target instanceof Element ? target.closest('li')?.dataset['id'] : undefined;
}

function renderedItem(film: Film, known: RenderedFilm | undefined): RenderedFilm {
  if (known?.film === film) return known;
  const item = known?.item ?? createItem(film.id);
  fillItem(item, film);
  item.classList.remove('changed');
  if (known) requestAnimationFrame(() => item.classList.add('changed'));
  return { film, item };
}

function createItem(filmId: string): HTMLLIElement {
  const item = within(template.content, 'li', HTMLLIElement).cloneNode(true) as HTMLLIElement;
  item.dataset['id'] = filmId;
  const stars = within(item, '.stars', HTMLSpanElement);
  for (let count = 1; count <= 5; count += 1) {
    const star = document.createElement('button');
    star.type = 'button';
    star.textContent = '★';
    star.setAttribute('aria-label', `${count} of 5`);
    star.addEventListener('click', () => rate(filmId, rendered.get(filmId)?.film.stars === count ? null : count));
    stars.append(star);
  }
  within(item, '.delete', HTMLButtonElement).addEventListener('click', () => remove(filmId));
  return item;
}

function fillItem(item: HTMLLIElement, { title, year, imdb, stars, director, distributor, genre }: Film): void {
  const text = (selector: string, content: string): void => void (within(item, selector, HTMLSpanElement).textContent = content);
  text('.title', title);
  text('.year', String(year));
  text('.imdb', imdb?.toFixed(1) ?? '');
  text('.makers', [genre?.name, director?.name, distributor?.name].filter((name) => name !== undefined).join(' · '));
  item.querySelectorAll('.stars button').forEach((star, at) => {
    star.classList.toggle('on', at < (stars ?? 0));
    star.setAttribute('aria-pressed', String(at + 1 === stars));
  });
}
