// Requests of Node as the routes take them: as platform objects, a few of each network at a time.

import type { IncomingMessage, RequestListener } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { type ClientAddress, networkOf } from '../client-address.ts';
import type { HttpConfig } from './context.ts';
import { RequestTurns } from './request-turns.ts';
import { httpRoutes } from './routes.ts';

export function requestListener(config: HttpConfig & { readonly clientAddress: ClientAddress }): RequestListener {
  const routes = httpRoutes(config);
  const turns = new RequestTurns();
  const listener = getRequestListener((request, env) => {
    const { socket, headers } = (env as { readonly incoming: IncomingMessage }).incoming;
    const network = networkOf(config.clientAddress(socket.remoteAddress, headers['x-forwarded-for']?.toString()));
    return turns.start(network, () => (socket.destroyed ? new Response(null, { status: 499 }) : routes.fetch(request, env)));
  });
  return (request, response) => void listener(request, response);
}
