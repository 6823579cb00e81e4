// The conformance suite of rooms on the three backends: Triplane's own server, InsForge and the Realtime Platform.

import { io, type Socket } from 'socket.io-client';
import { afterEach, beforeEach, describe } from 'vitest';
import WebSocket from 'ws';

import { init } from '../../src/index.ts';
import { createInsforgeClient, databaseRoom } from '../../src/insforge/index.ts';
import { createRealtimePlatformClient } from '../../src/realtime-platform/index.ts';
import { createServer, type TriplaneServer } from '../../src/server/index.ts';
import { anonKey, InsforgeDouble } from '../insforge/double.ts';
import { PlatformDouble, platformToken } from '../realtime-platform/double.ts';
import { type RoomBackend, roomConformance } from './room.ts';

const reconnect = { delayMs: 10, maxDelayMs: 50 };
const parts = (name: string): [string, string] => name.split(':') as [string, string];

/** `io`, and what ends its connections as a killed tab does: without a frame that says so. */
function killable() {
  const sockets: Socket[] = [];
  const connect = (url: string, options: Record<string, unknown>): Socket => {
    const socket = io(url, options);
    sockets.push(socket);
    return socket;
  };
  const kill = async (): Promise<void> => {
    for (const { io: manager, connected } of sockets) {
      manager.reconnection(false);
      const closed = new Promise<void>((resolve) => manager.once('close', () => resolve()));
      (manager.engine.transport as unknown as { readonly ws: WebSocket }).ws.terminate();
      if (connected) await closed;
    }
  };
  return { io: connect, kill };
}

describe('the embedded server', () => {
  let server: TriplaneServer;
  let sockets: Set<WebSocket>;
  let refused: Set<string>;
  let fillers: { leaveRoom(): void }[];
  const mostRooms = 8;
  beforeEach(async () => {
    [sockets, refused, fillers] = [new Set(), new Set(), []];
    server = await createServer({ port: 0, limits: { rooms: mostRooms } });
  });
  afterEach(() => server.close());
  const backend: RoomBackend = {
    peer: async () => {
      const own: WebSocket[] = [];
      const webSocket = (url: string): WebSocket => {
        const socket = new WebSocket(url);
        own.push(socket);
        sockets.add(socket);
        return socket;
      };
      const { appId, apiURI, websocketURI } = server;
      const db = init({ appId, apiURI, websocketURI, webSocket });
      return {
        room: (name) => {
          const [type, id] = parts(name);
          // A server refuses a room to a session that is in as many as it may be.
          if (refused.has(name)) for (let n = 0; n < mostRooms; n++) fillers.push(db.joinRoom('chat' as never, `filler ${n}`));
          return databaseRoom(db, type, id);
        },
        kill: async () => {
          for (const socket of own) socket.terminate();
          db.shutdown();
        },
      };
    },
    dropAll: () => sockets.forEach((socket) => socket.terminate()),
    refuse: (name) => void refused.add(name),
    allow: () => fillers.splice(0).forEach((filler) => filler.leaveRoom()),
  };
  roomConformance(() => backend);
});

describe.each([{}, { ack: 'echo', serial: true, sharePresence: true }] as const)('InsForge, %o', (options) => {
  let double: InsforgeDouble;
  beforeEach(async () => {
    double = new InsforgeDouble();
    double.define('chat:%');
    await double.listen();
  });
  afterEach(() => double.close());
  roomConformance(() => ({
    peer: async () => {
      const sockets = killable();
      const client = createInsforgeClient({ baseUrl: double.url, anonKey, reconnect, io: sockets.io });
      return { room: (name) => client.channel(name, options), kill: () => sockets.kill().then(() => client.close()) };
    },
    dropAll: () => double.dropAll(),
    refuse: (name) => void (double.canSubscribe = (_identity, channel) => channel !== name),
    allow: () => void (double.canSubscribe = () => true),
  }));
});

describe.each([
  { publishVia: 'rest', presence: 'poll' },
  { publishVia: 'socket', presence: 'events', sharePresence: true },
] as const)('the Realtime Platform, %o', (options) => {
  let double: PlatformDouble;
  beforeEach(async () => {
    double = new PlatformDouble();
    await double.listen();
  });
  afterEach(() => double.close());
  roomConformance(() => ({
    peer: async () => {
      const getToken = (): string => platformToken();
      const sockets = killable();
      const client = createRealtimePlatformClient({
        url: double.url,
        getToken,
        applicationId: 'app_demo',
        presencePollMs: 1_000,
        reconnect,
        io: sockets.io,
        ...options,
      });
      return { room: (name) => client.channel(name), kill: () => sockets.kill().then(() => client.close()) };
    },
    dropAll: () => double.dropAll(),
    refuse: (name) => void (double.canJoin = (channel) => channel !== name),
    allow: () => void (double.canJoin = () => true),
  }));
});
