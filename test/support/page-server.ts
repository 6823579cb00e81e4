// A page over HTTP that runs one script, on this machine.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { bundled } from './tab-world.ts';

export interface PageServer {
  readonly origin: string;
  close(): Promise<void>;
}

/** `source` is TypeScript that may import from the project. */
export async function servePage(source: string): Promise<PageServer> {
  const script = await bundled(source);
  const server = createServer((request, response) => {
    const isScript = request.url?.startsWith('/app.js');
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
    response.end(isScript ? script : '<!doctype html><title>page</title><script type="module" src="/app.js"></script>');
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => new Promise((resolve) => void server.close(() => resolve())),
  };
}
