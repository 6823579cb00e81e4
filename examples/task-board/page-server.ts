// Serves the page: index.html with the server's address, and the bundle that esbuild builds when the board starts.

import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { dirname, extname } from 'node:path';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';
import type { TriplaneServer } from 'triplane/server';

export interface Page {
  readonly url: string;
  close(): Promise<void>;
}

const types: Readonly<Record<string, string>> = { '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };
const at = (path: string): string => fileURLToPath(new URL(`page/${path}`, import.meta.url));
const require = createRequire(import.meta.url);

/** Port 0 selects any free port. */
export async function openPage({ appId, apiURI, websocketURI }: TriplaneServer, port: number): Promise<Page> {
  const html = await readFile(at('index.html'), 'utf8');
  const files: ReadonlyMap<string, string> = new Map([
    ...(await bundle()),
    ['/', html.replace('{{config}}', JSON.stringify({ appId, apiURI, websocketURI }))],
    ['/worker.js', await readFile(at('worker.js'), 'utf8')],
    ['/icon.svg', await readFile(at('icon.svg'), 'utf8')],
  ]);
  const server = createServer(({ url = '/' }, response) => {
    const { pathname } = new URL(url, 'http://page');
    const body = files.get(pathname);
    response.setHeader('content-type', `${body === undefined ? 'text/plain' : (types[extname(pathname)] ?? 'text/html')}; charset=utf-8`);
    response.setHeader('cache-control', 'no-cache');
    response.statusCode = body === undefined ? 404 : 200;
    response.end(body ?? 'There is no such page');
  });
  await listen(server, port);
  const close = (): Promise<void> =>
    new Promise((closed) => {
      server.close(() => closed());
      server.closeAllConnections();
    });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, close };
}

async function bundle(): Promise<[path: string, text: string][]> {
  const { outputFiles } = await build({
    entryPoints: { page: at('main.tsx'), style: at('style/index.css') },
    outdir: '/',
    bundle: true,
    write: false,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    jsx: 'automatic',
    // One React, also where `triplane` is a link into a folder that has its own.
    alias: { react: dirname(require.resolve('react/package.json')), 'react-dom': dirname(require.resolve('react-dom/package.json')) },
    define: { 'process.env.NODE_ENV': '"production"' },
    logLevel: 'silent',
  });
  return outputFiles.map(({ path, text }) => [`/${path.split(/[\\/]/).at(-1) ?? ''}`, text]);
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const why = cause.code === 'EADDRINUSE' ? 'another program listens there; --port takes another, or 0 for any' : cause.message;
      reject(new Error(`the page cannot be at port ${port}: ${why}`, { cause }));
    });
    server.listen(port, '127.0.0.1', () => resolve());
  });
}
