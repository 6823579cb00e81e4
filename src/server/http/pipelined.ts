// Requests that a client sends before it has the answers to earlier ones. One of each connection is handled at a time: answers have to be sent
// in order in any case, and a connection may bring thousands of requests in one read. While many wait, no more are read; those that wait count
// as what has arrived and is not complete.

import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { IncomingBytes } from '../incoming-bytes.ts';

/** What Node holds of a request, beside its text. */
const overheadBytes = 2 * 1024;
/** While so many wait, nothing is read. What has been read already is parsed regardless. */
const maxWaiting = 64;

interface Waiting {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly bytes: number;
}

type Line = Waiting[];

export function oneAtATime(listener: RequestListener, incoming: IncomingBytes<object>): RequestListener {
  /** By connection, while a request of it is handled. */
  const lines = new WeakMap<Socket, Line>();
  const start = (line: Line, request: IncomingMessage, response: ServerResponse): void => {
    response.once('close', () => next(line, request.socket));
    listener(request, response);
  };
  const next = (line: Line, socket: Socket): void => {
    const waiting = line.shift();
    if (waiting) incoming.remove(line, waiting.bytes);
    if (line.length === maxWaiting - 1) socket.resume();
    if (waiting && !socket.destroyed) return start(line, waiting.request, waiting.response);
    incoming.remove(line);
    lines.delete(socket);
  };
  return (request, response) => {
    const { socket } = request;
    const line = lines.get(socket);
    if (!line) {
      const made: Line = [];
      lines.set(socket, made);
      return start(made, request, response);
    }
    if (socket.destroyed) return;
    const bytes = overheadBytes + sizeOfHead(request);
    if (line.push({ request, response, bytes }) === maxWaiting) pause(socket, line);
    incoming.add(line, bytes, () => socket.destroy());
  };
}

const sizeOfHead = ({ url = '', rawHeaders }: IncomingMessage): number =>
  rawHeaders.reduce((length, text) => length + text.length, url.length);

/** Node resumes a connection whenever a request of it is done. */
function pause(socket: Socket, line: Line): void {
  const stay = (): void => {
    if (line.length >= maxWaiting) socket.pause();
    else socket.off('resume', stay);
  };
  socket.on('resume', stay);
  socket.pause();
}
