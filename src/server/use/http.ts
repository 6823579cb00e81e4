// The server over HTTP: whether it is well, and a page that says so to people. Requests as the platform knows them, so any
// host can serve them.

import { Hono } from 'hono';
import { cors } from 'hono/cors';
import { ownVersion } from '../../protocol/version.ts';
import type { Hub } from '../hub.ts';

export function httpRoutes(hub: Hub): Hono {
  const routes = new Hono();
  routes.use('*', cors({ origin: '*' }));
  routes.get('/health', (context) => context.json({ status: 'ok', version: ownVersion }));
  routes.get('/', (context) => context.html(statusPage(hub)));
  routes.notFound((context) =>
    context.json({ type: 'record-not-found', message: `There is nothing at ${context.req.path}`, hint: { 'record-type': 'route' } }, 404),
  );
  return routes;
}

function statusPage(hub: Hub): string {
  const rows = hub.summary().map(({ id, sessions, rooms }) => `<tr><td><code>${id}</code></td><td>${sessions}</td><td>${rooms}</td></tr>`);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Triplane</title>
<style>body{font:16px/1.5 system-ui,sans-serif;margin:3rem auto;max-width:44rem;padding:0 1rem}td,th{text-align:left;padding:.2rem 1rem .2rem 0}</style>
<h1>Triplane ${ownVersion}</h1>
<p>This server is running. Connections: ${hub.sessionCount}.</p>
<table><thead><tr><th>app</th><th>sessions</th><th>rooms</th></tr></thead><tbody>${rows.join('')}</tbody></table>
</html>
`;
}
