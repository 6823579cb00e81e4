// A server that renders pages as Next.js does: the HTML in a stream, and in it, before each piece, what `useServerInsertedHTML` has to say.

import { createServer, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { Writable } from 'node:stream';

import { build } from 'esbuild';
import { ServerInsertedHTMLContext } from 'next/dist/shared/lib/server-inserted-html.shared-runtime.js';
import { Fragment, type ReactElement } from 'react';
import { renderToPipeableStream, renderToStaticMarkup } from 'react-dom/server';

import { createInstantRouteHandler } from '../../src/nextjs/index.ts';

const root = join(import.meta.dirname, '../..');

export interface Web {
  readonly url: string;
  close(): void;
}

export async function serve(appId: string, pageFor: (cookie: string | undefined) => ReactElement): Promise<Web> {
  const script = await bundle();
  const { POST } = createInstantRouteHandler({ appId });
  const server: Server = createServer((request, response) => {
    const path = request.url ?? '/';
    if (path === '/app.js') return void response.setHeader('content-type', 'text/javascript').end(script);
    if (path.startsWith('/api/instant')) return void result(request, POST).then(({ status, cookie, text }) => response.writeHead(status, cookie).end(text)); // prettier-ignore
    if (path !== '/') return void response.writeHead(204).end();
    const cookie = new RegExp(`instant_user_${appId}=([^;]*)`).exec(request.headers.cookie ?? '')?.[1];
    stream(pageFor(cookie), response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function result(request: AsyncIterable<unknown>, post: (request: Request) => Promise<Response>) {
  let body = '';
  for await (const chunk of request) body += String(chunk);
  const sent = await post(new Request('http://localhost/', { method: 'POST', body }));
  return { status: sent.status, cookie: { 'set-cookie': sent.headers.getSetCookie() }, text: await sent.text() };
}

function stream(page: ReactElement, response: ServerResponse): void {
  const inserts: (() => React.ReactNode)[] = [];
  const inserted = (): string =>
    renderToStaticMarkup(
      <>
        {inserts.map((insert, at) => (
          <Fragment key={at}>{insert()}</Fragment>
        ))}
      </>,
    );
  let isHeadSent = false;
  const out = new Writable({
    write(chunk: Buffer, _encoding, done) {
      const html = chunk.toString();
      response.write(isHeadSent ? inserted() + html : html.replace('</head>', () => `${inserted()}</head>`));
      isHeadSent ||= html.includes('</head>');
      done();
    },
    final: (done) => void response.end(done),
  });
  response.setHeader('content-type', 'text/html; charset=utf-8');
  response.setHeader('content-security-policy', "script-src 'self' 'nonce-n0nce'");
  const element = (
    <ServerInsertedHTMLContext.Provider value={(insert) => void inserts.push(insert)}>{page}</ServerInsertedHTMLContext.Provider>
  );
  const { pipe } = renderToPipeableStream(element, {
    bootstrapModules: ['/app.js'],
    nonce: 'n0nce',
    onShellReady: () => void pipe(out),
    onError: () => {},
  });
}

async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, 'browser.tsx')],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    jsx: 'automatic',
    alias: { triplane: join(root, 'src/index.ts'), 'triplane/react': join(root, 'src/react/index.ts'), 'next/navigation.js': join(import.meta.dirname, 'navigation.ts') }, // prettier-ignore
    external: ['next/headers.js'],
    define: { 'process.env.NODE_ENV': '"development"' },
  });
  return outputFiles[0]?.text ?? '';
}
