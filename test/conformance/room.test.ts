// The conformance suite of rooms on the three backends: Triplane's own server, InsForge and the Realtime Platform.

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

describe('the embedded server', () => {
  let server: TriplaneServer;
  let sockets: Set<WebSocket>;
  let refused: Set<string>;
  const mostRooms = 8;
  beforeEach(async () => {
    [sockets, refused] = [new Set(), new Set()];
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
      const db = init({ appId, apiURI, websocketURI, webSocket: webSocket as never, verbose: false } as never);
      return {
        room: (name) => {
          const [type, id] = parts(name);
          // A server refuses a room to a session that is in as many as it may be.
          if (refused.has(name)) for (let n = 0; n < mostRooms; n++) db.joinRoom('chat' as never, `filler ${n}`);
          return databaseRoom(db as never, type, id);
        },
        kill: async () => {
          for (const socket of own) socket.terminate();
          db.shutdown();
        },
      };
    },
    dropAll: () => sockets.forEach((socket) => socket.terminate()),
    refuse: (name) => void refused.add(name),
  };
  roomConformance(() => backend);
});

describe.each([{}, { ack: 'echo', serial: true }] as const)('InsForge, %o', (options) => {
  let double: InsforgeDouble;
  beforeEach(async () => {
    double = new InsforgeDouble();
    double.define('chat:%');
    await double.listen();
  });
  afterEach(() => double.close());
  roomConformance(() => ({
    peer: async () => {
      const client = createInsforgeClient({ baseUrl: double.url, anonKey, reconnect });
      return { room: (name) => client.channel(name, options), kill: () => client.close() };
    },
    dropAll: () => double.dropAll(),
    refuse: (name) => void (double.canSubscribe = (_identity, channel) => channel !== name),
  }));
});

describe.each([
  { publishVia: 'rest', presence: 'poll' },
  { publishVia: 'socket', presence: 'events' },
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
      const client = createRealtimePlatformClient({
        url: double.url,
        getToken,
        applicationId: 'app_demo',
        presencePollMs: 1_000,
        reconnect,
        ...options,
      });
      return { room: (name) => client.channel(name), kill: () => client.close() };
    },
    dropAll: () => double.dropAll(),
    refuse: (name) => void (double.canJoin = (channel) => channel !== name),
  }));
});
