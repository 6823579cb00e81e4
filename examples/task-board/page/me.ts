// The user of this window: a name and a colour for the lifetime of the tab, so that two windows are two users. `?me=Ana` sets the name.

import { newValue } from './value.ts';

export interface Person {
  readonly name: string;
  readonly colour: string;
}

const key = 'task-board:me';
const names = ['Ana', 'Bea', 'Caro', 'Dan', 'Eva', 'Finn', 'Gul', 'Hugo', 'Ida', 'Jon', 'Kim', 'Lea', 'Max', 'Nia', 'Otto', 'Pia'];
const colours = ['#c2410c', '#1d6fd8', '#7c3aed', '#0f766e', '#be185d', '#4d7c0f', '#a16207', '#475569'];

export const me = newValue<Person>(whoAmI());

export function setName(name: string): void {
  const person = { ...me.read(), name };
  sessionStorage.setItem(key, JSON.stringify(person));
  me.set(person);
}

function whoAmI(): Person {
  const named = new URLSearchParams(location.search).get('me');
  const kept = sessionStorage.getItem(key);
  if (kept && !named) return JSON.parse(kept) as Person;
  const name = named ?? pick(names, Math.random());
  const person = {
    name,
    colour: named && names.includes(named) ? pick(colours, names.indexOf(named) / colours.length) : pick(colours, Math.random()),
  };
  sessionStorage.setItem(key, JSON.stringify(person));
  return person;
}

function pick(list: readonly string[], share: number): string {
  return list[Math.floor(share * list.length) % list.length] ?? '';
}
