// `npm start`: Triplane's server, stand-ins for the two other systems, and the page, until Ctrl-C. `--port <n>` is the port of the page, 4802 by
// default.

import { readFile } from 'node:fs/promises';
import { createServer as createPageServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { build } from 'esbuild';
import { createServer } from 'triplane/server';

import { anonKey, InsforgeDouble } from '../../test/insforge/double.ts';
import { PlatformDouble, platformToken } from '../../test/realtime-platform/double.ts';

const { values } = parseArgs({ options: { port: { type: 'string', default: '4802' } } });
const require = createRequire(import.meta.url);
const at = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

const { appId, apiURI, websocketURI } = await createServer();
const insforge = new InsforgeDouble();
insforge.define('chat:%');
const platform = new PlatformDouble();
const config = {
  triplane: { appId, apiURI, websocketURI },
  insforge: { baseUrl: await insforge.listen(), anonKey },
  platform: { url: await platform.listen(), token: platformToken(), applicationId: 'app_demo' },
};

const html = (await readFile(at('index.html'), 'utf8')).replace('{{config}}', JSON.stringify(config));
const { outputFiles } = await build({
  entryPoints: [at('page.tsx')],
  bundle: true,
  write: false,
  format: 'esm',
  target: 'es2022',
  jsx: 'automatic',
  // One React, also where `triplane` is a link into a folder that has its own.
  alias: { react: dirname(require.resolve('react/package.json')), 'react-dom': dirname(require.resolve('react-dom/package.json')) },
  define: { 'process.env.NODE_ENV': '"production"' },
});

const pages = createPageServer(({ url }, response) => {
  const isScript = url === '/page.js';
  response.setHeader('content-type', `${isScript ? 'text/javascript' : 'text/html'}; charset=utf-8`);
  response.end(isScript ? outputFiles[0]?.text : html);
});
pages.once('error', (error: NodeJS.ErrnoException) => {
  const why = error.code === 'EADDRINUSE' ? 'another program uses it; choose another with --port, or 0 for any' : error.message;
  console.error(`The page cannot use port ${values.port}: ${why}`);
  process.exit(1);
});
pages.listen(Number(values.port), '127.0.0.1', () => {
  console.log(`The chat is at http://127.0.0.1:${(pages.address() as AddressInfo).port}/\n\nOpen it in two windows. Ctrl-C ends it.`);
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(0));
