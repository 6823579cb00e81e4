// The clients that play a schedule of faults, as one kind of thing.

import { i, init } from '../../../src/index.ts';
import { silent } from '../../../src/lib/log.ts';
import { memoryStore } from '../../../src/storage/memory.ts';
import type { WebSocketLike } from '../../../src/connection/web-socket.ts';
import { alwaysOnline, inMemory } from '../official-storage.ts';

export type ClientName = 'ours' | 'ours, without receipts' | 'official';

export interface ScheduleClient {
  /** What the program is told of the write in the end. */
  write(make: (tx: Tx) => unknown): Promise<unknown>;
  rows(): readonly Row[] | undefined;
  close(): Promise<unknown> | void;
}

export type Row = Readonly<Record<string, unknown>> & { readonly id: string };
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- two libraries whose builders have other types
export type Tx = any;

export const schema = i.schema({
  entities: { items: i.entity({ title: i.string(), code: i.string().unique().indexed(), note: i.string() }) },
});

interface Where {
  readonly appId: string;
  readonly socket: () => WebSocketLike;
}

const uris = { apiURI: 'http://original.test', websocketURI: 'ws://original.test/runtime/session' };

export function ours({ appId, socket }: Where, receipts: boolean | undefined): ScheduleClient {
  const db = init({
    appId,
    ...uris,
    storage: memoryStore(),
    webSocket: socket,
    log: silent,
    onError: () => {},
    ...(receipts !== undefined && { receipts }),
  });
  let rows: readonly Row[] | undefined;
  db.subscribeQuery({ items: {} }, ({ data }) => data && (rows = data['items'] as Row[]));
  return {
    write: (make) => db.transact(make(db.tx) as never).settled,
    rows: () => rows,
    close: () => db.close(),
  };
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- its types fit one schema, and an adapter has any
type Core = any;

let opened = 0;

/** `@instantdb/core` from npm. It takes the socket from the platform. */
export async function official({ appId, socket }: Where): Promise<ScheduleClient> {
  Object.assign(globalThis, { window: globalThis, WebSocket: socketClass(socket), BroadcastChannel: undefined });
  const core: Core = await import('@instantdb/core');
  const db: Core = core.init({ appId, ...uris, devtool: false, __extraDedupeKey: `schedule ${++opened}` }, inMemory(core), alwaysOnline);
  let rows: readonly Row[] | undefined;
  db.subscribeQuery({ items: {} }, ({ data }: Core) => data && (rows = data.items));
  return {
    write: (make) => db.transact(make(db.tx)),
    rows: () => rows,
    close: () => db.shutdown(),
  };
}

function socketClass(socket: () => WebSocketLike): unknown {
  return class {
    static readonly CONNECTING = 0;
    static readonly OPEN = 1;
    static readonly CLOSING = 2;
    static readonly CLOSED = 3;
    constructor() {
      return socket();
    }
  };
}
