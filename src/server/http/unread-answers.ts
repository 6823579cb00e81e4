// Answers over HTTP that are complete and that the client does not read count as what is unread, like frames on sockets.

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { UnreadOutput } from '../unread-output.ts';

export function countAnswers(server: Server, unread: UnreadOutput<object>): void {
  server.prependListener('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    response.once('prefinish', () => {
      if (socket.writableLength > 0) unread.admit(socket, 0, socket.writableLength, () => socket.destroy());
    });
    response.once('close', () => unread.remove(socket));
  });
}
