// What the fragments of an incomplete compressed message inflate to. `ws` holds it until the message is complete, and some kilobytes may be
// the largest message that is answered.

import { WebSocket } from 'ws';

type Inflated = (error: Error | null, data?: Buffer) => void;

interface Deflate {
  decompress(data: Buffer, isLast: boolean, done: Inflated): void;
}

/** Calls `add` with each size that exceeds what arrived. `ws` reports it nowhere, so that its decompression is wrapped. */
export function countInflated(socket: WebSocket, add: (bytes: number) => void): void {
  const { _extensions } = socket as WebSocket & { readonly _extensions: Readonly<Record<string, Deflate | undefined>> };
  const deflate = _extensions['permessage-deflate'];
  if (!deflate) return;
  const decompress = deflate.decompress.bind(deflate);
  deflate.decompress = (compressed, isLast, done) =>
    decompress(compressed, isLast, (error, data) => {
      const more = (data?.length ?? 0) - compressed.length;
      if (more > 0 && socket.readyState !== WebSocket.CLOSED) add(more);
      done(error, data);
    });
}
