// Answers over HTTP that are complete and that the client does not read count as what is unread, like frames on sockets.

import type { RequestListener } from 'node:http';
import type { UnreadOutput } from '../unread-output.ts';

export function countAnswers(listener: RequestListener, unread: UnreadOutput<object>): RequestListener {
  return (request, response) => {
    const { socket } = request;
    response.once('prefinish', () => {
      if (socket.writableLength > 0) unread.admit(socket, 0, socket.writableLength, () => socket.destroy());
    });
    response.once('close', () => unread.remove(socket));
    listener(request, response);
  };
}
