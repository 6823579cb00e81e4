// What tests of streams do through the session of a peer.

import { adminToken, type TestPeer } from '../bench.ts';

export const admin = { '__admin-token': adminToken };
export const token = '4ec00000-0000-4000-8000-000000000001';

export const start = (peer: TestPeer, clientId = 'story', reconnectToken = token) =>
  peer.response('start-stream-ok', { op: 'start-stream', 'client-id': clientId, 'reconnect-token': reconnectToken });

export const append = (peer: TestPeer, streamId: string, offset: number, chunks: readonly string[], rest: object = {}) =>
  peer.request({ op: 'append-stream', 'stream-id': streamId, chunks, offset, ...rest });

/** What a reader has read, as it puts it together. */
export function textOf(peer: TestPeer, from = 0): string {
  let bytes = Buffer.alloc(0);
  for (const message of peer.heard) {
    if (message.op !== 'stream-append' || message.offset === undefined || message.offset === null) continue;
    const skip = from + bytes.length - message.offset;
    if (skip < 0) throw new Error('a gap');
    bytes = Buffer.concat([bytes, Buffer.from(message.content ?? '').subarray(skip)]);
  }
  return bytes.toString();
}
