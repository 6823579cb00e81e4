// The two transports, Socket.IO and the plain WebSocket at /ws, behind one interface.

import type { ClientStatus } from '../rooms/room.ts';
import { SocketIoConnection, type SocketIoOptions } from '../rooms/socket-io.ts';
import type { ReturnMode } from './types.ts';

export interface SubscribeRequest {
  readonly topic: string;
  /** Only events whose payload has these values. */
  readonly filter?: Readonly<Record<string, unknown>>;
  readonly returnMode?: ReturnMode;
}

export interface UnsubscribeRequest {
  readonly subscriptionId: string;
  readonly topic?: string;
}

/** Callbacks of a transport. */
export interface TransportEvents {
  opened(): void;
  lost(): void;
  late(error: Error): void;
  rejected(error: Error): void;
  /** An event of a topic; with the plain WebSocket the topic stands beside it. */
  event(body: unknown, topic: string | undefined): void;
  subscribed(body: unknown): void;
  /** Anything else, by its name. */
  other(event: string, body: unknown): void;
}

export interface PlatformTransport {
  readonly status: ClientStatus;
  readonly isConnected: boolean;
  readonly socketId: string | undefined;
  onStatus(listener: (status: ClientStatus, why?: Error) => void): () => void;
  connect(): Promise<void>;
  reconnect(): Promise<void>;
  close(): void;
  subscribe(request: SubscribeRequest, answered: (answer: unknown) => void): void;
  unsubscribe(request: UnsubscribeRequest): void;
  /** Sends an event that does not concern topics. Undefined where the protocol has none. */
  readonly emit: ((event: string, body: unknown, answered?: (answer: unknown) => void) => void) | undefined;
}

export type ConnectionSettings = Omit<SocketIoOptions, 'opened' | 'lost' | 'late' | 'rejected' | 'received'>;

export function socketIoTransport(settings: ConnectionSettings, events: TransportEvents): PlatformTransport {
  const connection = new SocketIoConnection({
    ...settings,
    opened: () => events.opened(),
    lost: () => events.lost(),
    late: (error) => events.late(error),
    rejected: (error) => events.rejected(error),
    received: (event, [body]) => {
      if (event === 'event') events.event(body, undefined);
      else if (event === 'subscribed') events.subscribed(body);
      else events.other(event, body);
    },
  });
  const emit = (event: string, body: unknown, answered?: (answer: unknown) => void): void => {
    connection.socket?.emit(event, body, ...(answered ? [answered] : []));
  };
  return {
    get status() {
      return connection.status;
    },
    get isConnected() {
      return connection.socket !== undefined;
    },
    get socketId() {
      return connection.socket?.id;
    },
    onStatus: (listener) => connection.onStatus(listener),
    connect: () => connection.connect(),
    reconnect: () => connection.reconnect(),
    close: () => connection.close(),
    subscribe: (request, answered) => emit('subscribe', request, answered),
    unsubscribe: (request) => emit('unsubscribe', request),
    emit,
  };
}
