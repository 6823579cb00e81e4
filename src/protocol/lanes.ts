// Which messages a server processes in the order in which the client sent them: those of one lane. PROTOCOL.md#ordering

import type { ClientMessage } from './client-message.ts';

/** Messages of different lanes may overtake each other. Coarser than the protocol where only the server can tell lanes apart. */
export function laneOf(message: ClientMessage): string {
  switch (message.op) {
    case 'add-query':
    case 'remove-query':
    case 'start-sync':
      return `query ${JSON.stringify(message.q)}`;
    case 'join-room':
    case 'leave-room':
    case 'set-presence':
    case 'client-broadcast':
      return `room ${message['room-id']}`;
    default:
      return message.op === 'transact' ? 'writes' : 'streams and tables';
  }
}
