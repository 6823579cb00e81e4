// `npm start`: a sync server in memory, and the page, until Ctrl-C. `--port <n>` is the port of the page, 4801 by default.

import { readFile } from 'node:fs/promises';
import { createServer as createPageServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { build } from 'esbuild';
import { createServer } from 'triplane/server';

const { values } = parseArgs({ options: { port: { type: 'string', default: '4801' } } });
const at = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

const { appId, apiURI, websocketURI } = await createServer();
const html = (await readFile(at('index.html'), 'utf8')).replace('{{config}}', JSON.stringify({ appId, apiURI, websocketURI }));
const { outputFiles } = await build({ entryPoints: [at('page.ts')], bundle: true, write: false, format: 'esm', target: 'es2022' });

const pages = createPageServer(({ url }, response) => {
  const isScript = url === '/page.js';
  response.setHeader('content-type', `${isScript ? 'text/javascript' : 'text/html'}; charset=utf-8`);
  response.end(isScript ? outputFiles[0]?.text : html);
});
pages.listen(Number(values.port), '127.0.0.1', () => {
  console.log(`The list is at http://127.0.0.1:${(pages.address() as AddressInfo).port}/\n\nOpen it in two windows. Ctrl-C ends it.`);
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(0));
