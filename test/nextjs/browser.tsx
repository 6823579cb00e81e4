// The browser's half: the page is taken over, and what becomes of it is written down for the test.

import { hydrateRoot } from 'react-dom/client';

import { makeApp, type Settings } from './app.tsx';
import type { User } from '../../src/index.ts';

declare global {
  var seen: { errors: string[]; goals: (string | null)[]; drawn: string[] };
  var signIn: (token: string) => Promise<unknown>;
}

const { user, settings } = JSON.parse(document.querySelector('#settings')!.textContent) as { user: User | null; settings: Settings };
globalThis.seen = { errors: [], goals: [], drawn: [] };
const { db, Page } = makeApp(settings, (what) => seen.drawn.push(what));

function look(): void {
  // React puts a copy aside before it shows it.
  const [shown = null] = [...document.querySelectorAll('#goals')]
    .filter((each) => !each.closest('[hidden]'))
    .map((each) => each.textContent);
  if (seen.goals.at(-1) !== shown) seen.goals.push(shown);
}
look();
new MutationObserver(look).observe(document, { childList: true, subtree: true, characterData: true });
hydrateRoot(document, <Page user={user} settings={settings} />, { onRecoverableError: (error) => seen.errors.push(String(error)) });
globalThis.signIn = (token) => db.auth.signInWithToken(token);
