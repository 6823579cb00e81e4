// Real sockets to a server of ours that behaves as the original: what `init({ webSocket })` takes.

import { WebSocket } from 'ws';
import type { WebSocketLike } from '../../../src/connection/web-socket.ts';
import { OriginalServer, type Peer, type ServerSession } from './double.ts';

export function throughOriginal(): (url: string) => WebSocketLike {
  const original = new OriginalServer({ random: Math.random, maxRefreshDelay: 20 });
  return (url) => {
    const far = new WebSocket(url);
    const near: WebSocketLike & { readyState: number } = {
      ...{ readyState: 0, onopen: null, onmessage: null, onerror: null, onclose: null },
      send: (frame) => session.receive(frame),
      close: () => far.close(),
    };
    const connect = (peer: Peer): ServerSession => {
      far.on('message', (frame: Buffer) => peer.send(frame.toString()));
      return { receive: (frame) => far.send(frame), end: () => far.close() };
    };
    const session = original.connect(connect)({ send: (frame) => near.onmessage?.({ data: frame } as never), close: () => far.close() });
    far.on('open', () => {
      near.readyState = 1;
      near.onopen?.({} as never);
    });
    far.on('error', () => near.onerror?.({} as never));
    far.on('close', (code) => {
      near.readyState = 3;
      near.onclose?.({ code, reason: '', wasClean: false } as never);
    });
    return near;
  };
}
