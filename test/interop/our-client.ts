// Our own client as the interop tests drive it, by the same calls as the official one.

import { WebSocket } from 'ws';
import type { ClientAdapter, Opened, TxChunk, Where } from './clients.ts';
import { init } from '../../src/index.ts';
import { memoryStore } from '../../src/storage/memory.ts';

export function ours(name: string): ClientAdapter {
  return { name: `ours (${name})`, open };
}

function open({ adminToken, schema, ...where }: Where): Opened {
  const db = init({
    ...where,
    ...(schema !== undefined && { schema: schema as never }),
    ...(adminToken && { __adminToken: adminToken }),
    storage: memoryStore(),
    webSocket: (url) => new WebSocket(url),
  });
  return {
    tx: db.tx,
    subscribe: (query, on) =>
      db.subscribeQuery(query as never, ({ error, data, pageInfo }) => on({ isLoading: false, error, data: data, pageInfo })),
    transact: async (chunks) => void (await db.transact(chunks as unknown as Parameters<typeof db.transact>[0] & TxChunk)),
    room(type, id, presence) {
      const room = db.joinRoom(type, id, presence && { initialPresence: presence });
      return {
        subscribePresence: (on) => room.subscribePresence({}, ({ peers }) => on(peers)),
        publishPresence: (data) => room.publishPresence(data),
        subscribeTopic: (topic, on) => room.subscribeTopic(topic as never, on),
        publishTopic: (topic, data) => room.publishTopic(topic as never, data),
        leave: () => room.leaveRoom(),
      };
    },
    close: () => db.shutdown(),
  };
}
