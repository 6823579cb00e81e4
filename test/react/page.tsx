// A page with React on it, as in a browser: no `act`, effects and renders come when React wants. Counts what is drawn.

import { type ReactNode, StrictMode } from 'react';
import { createRoot } from 'react-dom/client';

import { init } from '../../src/react/init.ts';
import type { AnySchemaDef } from '../../src/react/types.ts';
import type { InstantReactWebDatabase } from '../../src/react/database.ts';
import { settled } from '../../src/testing/virtual/clock.ts';
import { hubWorld, type HubWorld } from '../support/hub-world.ts';

export interface Page {
  readonly text: string;
  readonly element: HTMLElement;
  render(element: ReactNode): Promise<void>;
  remove(): Promise<void>;
}

// What is loaded when it is first used is loaded in real time, which `drawn` does not wait for.
await import('../../src/client/create-client.ts');

const pages: Page[] = [];
const databases: { core: { shutdown(): void } }[] = [];

export async function page(
  element: ReactNode,
  { isStrict = false, onError }: { isStrict?: boolean; onError?: (error: unknown) => void } = {},
): Promise<Page> {
  const container = document.createElement('div');
  document.body.append(container);
  const root = createRoot(container, onError ? { onRecoverableError: onError, onUncaughtError: onError, onCaughtError: onError } : {});
  const wrap = (rendered: ReactNode): ReactNode => (isStrict ? <StrictMode>{rendered}</StrictMode> : rendered);
  const made: Page = {
    get text() {
      return container.textContent ?? '';
    },
    element: container,
    async render(next) {
      root.render(wrap(next));
      await drawn();
    },
    async remove() {
      root.unmount();
      container.remove();
      await drawn();
    },
  };
  pages.push(made);
  await made.render(element);
  return made;
}

/** When React, the client and the server have nothing more to do. */
export async function drawn(): Promise<void> {
  for (let turn = 0; turn < 8; turn += 1) await settled();
}

export function database<Schema extends AnySchemaDef>(
  schema: Schema,
  world: HubWorld = hubWorld(),
): InstantReactWebDatabase<Schema> & { world: HubWorld } {
  const db = init({ ...world.config, schema, onError: () => {} });
  databases.push(db);
  return Object.assign(db, { world });
}

/** After each test: nothing of it is left. */
export async function cleanUp(): Promise<void> {
  for (const made of pages.splice(0)) await made.remove();
  for (const db of databases.splice(0)) db.core.shutdown();
}

/** Counts how often components are drawn. */
export function tally(): { drew(name: string): void; of(name: string): number; readonly all: Record<string, number> } {
  const counts: Record<string, number> = {};
  return { drew: (name) => void (counts[name] = (counts[name] ?? 0) + 1), of: (name) => counts[name] ?? 0, all: counts };
}
