// Handles HTTP requests for a protocol upgrade that the server does not offer. Node passes every request with an `Upgrade` header to the
// upgrade listener and detaches its parser.

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** Sends the response and closes the connection, whether or not the client closes its end. */
export function rejectUpgrade(socket: Duplex, [status, text]: readonly [status: string, text: string]): void {
  socket.on('error', () => {});
  socket.once('finish', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: ${text.length}\r\n\r\n${text}`);
}

/**
 * Ignores an upgrade the server does not offer, such as `h2c` of `curl --http2` (RFC 9110, 7.8): the request goes back to its connection
 * without the header and is parsed again, including its body.
 */
export function plainRequests(server: Server): (request: IncomingMessage, socket: Duplex, body: Buffer) => void {
  const responses = new WeakMap<Duplex, ServerResponse>();
  server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => void responses.set(socket, response));
  return (request, socket, body) => {
    const before = responses.get(socket);
    const putBack = (): void => {
      if (!socket.destroyed && socket.writable) putBackOn(server, request, socket, body);
    };
    // Behind a request that is not answered yet it would never be: Node keeps the order of answers for each time a connection is given to it.
    if (before && !before.closed) before.once('close', putBack);
    else putBack();
  };
}

function putBackOn(server: Server, request: IncomingMessage, socket: Duplex, body: Buffer): void {
  const { method = 'GET', url = '/', httpVersion, rawHeaders } = request;
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const [name, value] = [rawHeaders[at] ?? '', rawHeaders[at + 1] ?? ''];
    const kept = keptValue(name.toLowerCase(), value);
    if (kept !== undefined) lines.push(`${name}: ${kept}`);
  }
  if (body.length > 0) socket.unshift(body);
  socket.unshift(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'));
  server.emit('connection', socket);
}

const ofTheUpgrade: ReadonlySet<string> = new Set(['upgrade', 'http2-settings']);

function keptValue(name: string, value: string): string | undefined {
  if (ofTheUpgrade.has(name)) return undefined;
  if (name !== 'connection') return value;
  const options = value.split(',').filter((option) => !ofTheUpgrade.has(option.trim().toLowerCase()));
  return options.length > 0 ? options.join(',') : undefined;
}
