// Serves the page: index.html with the server's address in it, its style, and its program, which esbuild makes from the sources at start.

import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';
import type { TriplaneServer } from 'triplane/server';

export interface Page {
  readonly url: string;
  close(): Promise<void>;
}

interface File {
  readonly type: string;
  readonly body: string;
}

const at = (path: string): string => fileURLToPath(new URL(`page/${path}`, import.meta.url));

/** Port 0 selects any free port. */
export async function openPage({ appId, apiURI, websocketURI }: TriplaneServer, port: number): Promise<Page> {
  const html = await readFile(at('index.html'), 'utf8');
  const files: ReadonlyMap<string, File> = new Map([
    ['/', { type: 'text/html', body: html.replace('{{config}}', JSON.stringify({ appId, apiURI, websocketURI })) }],
    ['/style.css', { type: 'text/css', body: await readFile(at('style.css'), 'utf8') }],
    ['/page.js', { type: 'text/javascript', body: await bundle() }],
  ]);
  const server = createServer(({ url = '/' }, response) => {
    const file = files.get(new URL(url, 'http://page').pathname);
    response.setHeader('content-type', `${file?.type ?? 'text/plain'}; charset=utf-8`);
    response.setHeader('cache-control', 'no-store');
    response.statusCode = file ? 200 : 404;
    response.end(file?.body ?? 'There is no such page');
  });
  await listen(server, port);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

async function bundle(): Promise<string> {
  try {
    const { outputFiles } = await build({
      entryPoints: [at('page.ts')],
      bundle: true,
      write: false,
      format: 'esm',
      platform: 'browser',
      target: 'es2022',
      sourcemap: 'inline',
      logLevel: 'silent',
    });
    return outputFiles[0]?.text ?? '';
  } catch (error) {
    throw new Error(`The page could not be built: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const why = cause.code === 'EADDRINUSE' ? 'another program listens there; --port takes another, or 0 for any' : cause.message;
      reject(new Error(`The page cannot be at port ${port}: ${why}`, { cause }));
    });
    server.listen(port, '127.0.0.1', () => resolve());
  });
}
