// The page's database, its line to the server (which can be switched off by hand, and then is off whatever the browser says), and every write
// the page makes.

import { id, init } from 'triplane';

import { SwitchableConnection } from '../line.ts';
import { schema } from '../schema.ts';
import { byId, toast } from './elements.ts';

const connection = new SwitchableConnection();
let isOffline = false;

export const db = init({ ...readConfig(), schema, ...connection.ports, onError: (error) => isOffline || toast(error.message) });

connection.switch(navigator.onLine);
for (const change of ['online', 'offline']) addEventListener(change, followBrowser);

/** @returns whether the page is offline now */
export function toggleConnection(): boolean {
  isOffline = !isOffline;
  followBrowser();
  return isOffline;
}

export function rate(filmId: string, stars: number | null): void {
  write(db.tx.films[filmId]?.update({ stars }));
}

export function remove(filmId: string): void {
  write(db.tx.films[filmId]?.delete());
}

export function add(title: string, year: number, genreId: string): void {
  const chunk = db.tx.films[id()]?.create({ title, year, released: `${year}-01-01` });
  write(genreId === '' ? chunk : chunk?.link({ genre: genreId }));
}

/** Optimistic. If the server rejects the write, it is rolled back and the page shows the reason. */
function write(chunk: Parameters<typeof db.transact>[0] | undefined): void {
  try {
    if (chunk) db.transact(chunk).settled.catch((error: unknown) => toast(messageOf(error)));
  } catch (error) {
    toast(messageOf(error));
  }
}

function followBrowser(): void {
  connection.switch(navigator.onLine && !isOffline);
}

function readConfig(): { appId: string; apiURI: string; websocketURI: string } {
  return JSON.parse(byId('config', HTMLScriptElement).textContent ?? '') as { appId: string; apiURI: string; websocketURI: string };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
