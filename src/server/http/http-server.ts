// Node's HTTP server with its limits of time. Its own limit for a whole request, five minutes, would end uploads of large files.

import { createServer, type RequestListener, type Server } from 'node:http';

/** How long a body may bring nothing. */
const bodyIdleMs = 5 * 60_000;

/** Heads of requests have a minute, as by default. */
export function httpServer(listener: RequestListener, idleMs = bodyIdleMs): Server {
  return createServer({ requestTimeout: 0, headersTimeout: 60_000 }, (request, response) => {
    const { socket, headers } = request;
    const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
    if (hasBody) {
      request.setTimeout(idleMs, () => void socket.destroy());
      request.once('end', () => socket.setTimeout(0));
    }
    listener(request, response);
  });
}
