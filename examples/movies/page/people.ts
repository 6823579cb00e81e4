// The present users: this window with a name of its own, the others, and the film that each of them views.

import { db } from './database.ts';
import { byId } from './elements.ts';
import { mark } from './film-list.ts';

const names = ['Ana', 'Bea', 'Caro', 'Dan', 'Eva', 'Finn', 'Gul', 'Hugo', 'Ida', 'Jon', 'Kim', 'Lea', 'Max', 'Nia', 'Otto', 'Pia'];
const colours = ['#b3402e', '#8a5a00', '#4a7a1f', '#137a6b', '#2b62c4', '#6a48c9', '#a8368f', '#5b6472'];

/** For the lifetime of the tab. */
function whoAmI(): { name: string; colour: string } {
  const at = Number(sessionStorage.getItem('who') ?? Math.floor(Math.random() * names.length * colours.length));
  sessionStorage.setItem('who', String(at));
  return { name: names[at % names.length] ?? '', colour: colours[Math.floor(at / names.length)] ?? '' };
}

const self = whoAmI();
const room = db.joinRoom('cinema', 'page', { initialPresence: self });
let viewedFilm: string | undefined;

export function setViewedFilm(filmId: string | undefined): void {
  if (filmId === undefined || filmId === viewedFilm) return;
  viewedFilm = filmId;
  room.publishPresence({ filmId });
}

room.subscribePresence({}, ({ peers }) => {
  const others = Object.values(peers);
  byId('people', HTMLUListElement).replaceChildren(
    badge(`${self.name} (you)`, self.colour, 'self'),
    ...others.map((peer) => badge(peer.name, peer.colour, '')),
  );
  mark(new Map(others.flatMap(({ filmId, colour }) => (filmId === undefined ? [] : [[filmId, colour]]))));
});

function badge(name: string, colour: string, kind: string): HTMLLIElement {
  const item = document.createElement('li');
  item.textContent = name;
  item.className = kind;
  item.style.setProperty('--who', colour);
  return item;
}
