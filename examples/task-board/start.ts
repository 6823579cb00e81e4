// Starts the whole board: a sync server in this process, example data, and the page. `close` ends them.

import { fileURLToPath } from 'node:url';

import { createServer, memory, sqlite, type TriplaneServer } from 'triplane/server';

import { rules } from './instant.perms.ts';
import { openPage } from './page-server.ts';
import { seed } from './seed.ts';

export interface BoardOptions {
  /** The port of the page; 0 selects any free port. */
  readonly port: number;
  /** Keeps the data in memory only. */
  readonly memory: boolean;
  /** Without the example project. */
  readonly empty: boolean;
}

export interface Board {
  readonly url: string;
  /** The text to print. */
  readonly where: string;
  close(): Promise<void>;
}

/** Constant, because it identifies the data in the file. A new app needs a new one. */
const appId = 'b0a2d000-7a5c-4b0a-9d1e-7a5cb0a2d000';

export async function startBoard(options: BoardOptions): Promise<Board> {
  const folder = fileURLToPath(new URL('.triplane', import.meta.url));
  const storage = options.memory ? memory() : await sqlite(folder);
  const server = await createServer({ storage, ...(!options.memory && { appId }) });
  try {
    await setRules(server);
    if (!options.empty) await seed(server);
    const page = await openPage(server, options.port);
    const close = async (): Promise<void> => {
      await page.close();
      await server.close();
    };
    return { url: page.url, where: options.memory ? 'in memory only' : 'in .triplane/', close };
  } catch (error) {
    await server.close();
    throw error;
  }
}

/** As tools for InstantDB do. */
async function setRules({ apiURI, appId, adminToken }: TriplaneServer): Promise<void> {
  const answer = await fetch(`${apiURI}/dash/apps/${appId}/rules`, {
    method: 'POST',
    headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ code: rules }),
  });
  if (!answer.ok) throw new Error(`the rules were not taken: ${await answer.text()}`);
}
