// The net under a connection. Messages are sent from wherever something changed: by other sessions, commits, and later turns of the event loop.
// An exception of the transport ends its own connection, and is none of the sender's.

import type { Log } from '../../lib/log.ts';
import { connectionFailed } from '../guarded.ts';
import type { Socket } from './subscriber.ts';

/** "Internal error". */
const internalError = 1011;

/** No call of the returned socket throws or rejects. `failed` is called at most once, before the connection is closed. */
export function safeSocket(socket: Socket, log: Pick<Log, 'error'>, failed: () => void): Socket {
  let hasFailed = false;
  const fail = (error: unknown): void => {
    if (hasFailed) return;
    hasFailed = true;
    log.error(connectionFailed, error);
    failed();
    try {
      socket.close(internalError, 'the connection failed');
    } catch {
      // It was told already.
    }
  };
  const safely = (run: () => void): void => {
    if (hasFailed) return;
    try {
      run();
    } catch (error) {
      fail(error);
    }
  };
  return {
    ...{ ip: socket.ip, origin: socket.origin, mayRepeat: socket.mayRepeat ?? false },
    send: (frame) => safely(() => socket.send(frame)),
    ...(socket.sendParts && { sendParts: (parts) => safely(() => socket.sendParts?.(parts)) }),
    close: (code, reason) => safely(() => socket.close(code, reason)),
    ...(socket.drained && {
      drained: async () => {
        if (!hasFailed) await socket.drained?.().catch(fail);
      },
    }),
  };
}
