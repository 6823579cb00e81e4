// The official `@instantdb/core` from npm, in Node: it asks for a window and a WebSocket, and is given memory for storage and
// a network that is always there.

import { WebSocket } from 'ws';
import { alwaysOnline, inMemory } from '../support/official-storage.ts';
import type { ClientAdapter, Opened, Room, Where } from './clients.ts';

export function official(name: string): ClientAdapter {
  return { name: `official core (${name})`, open: (where) => open(where) };
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- its types fit one schema, and an adapter has any
type Core = Record<string, any>;

Object.assign(globalThis, { window: globalThis, WebSocket, BroadcastChannel: undefined });
const core: Core = await import('@instantdb/core');

const storage = inMemory(core);
let opened = 0;

/** Itself, for tests of what an adapter does not show. */
export function openCore({ adminToken, ...where }: Where): Core {
  // Else a second client of the same app would be the first one.
  const config = { ...where, devtool: false, __extraDedupeKey: `client ${++opened}`, ...(adminToken && { __adminToken: adminToken }) };
  return core.init(config, storage, alwaysOnline) as Core;
}

function open(where: Where): Opened {
  const db = openCore(where);
  return {
    tx: db.tx,
    subscribe: (query, on) =>
      db.subscribeQuery(query, (result: Core) =>
        on({ isLoading: false, error: result.error, data: result.data, pageInfo: result.pageInfo }),
      ),
    transact: async (chunks) => void (await db.transact(chunks)),
    room: (type, id, presence) => roomOf(db.joinRoom(type, id, presence && { initialPresence: presence })),
    close: () => db.shutdown(),
  };
}

function roomOf(room: Core): Room {
  return {
    subscribePresence: (on) => room.subscribePresence({}, ({ peers }: Core) => on(peers)),
    publishPresence: (data) => room.publishPresence(data),
    subscribeTopic: (topic, on) => room.subscribeTopic(topic, on),
    publishTopic: (topic, data) => room.publishTopic(topic, data),
    leave: () => room.leaveRoom(),
  };
}
