// One room that callers of this client are in, and what the client knows of it.

import { isObject } from '../../lib/json.ts';
import type { Peer } from '../../protocol/room-messages.ts';

export type Presence = Readonly<Record<string, unknown>>;

export type Peers = Readonly<Record<string, Peer>>;

/** `asked`: the join was sent. `joined`: the server confirmed it; `hasPeers` says whether the peers are known. */
type RoomState = 'apart' | 'asked' | 'joined' | 'refused';

export interface Room {
  readonly id: string;
  readonly type: string;
  state: RoomState;
  /** Reference count: handles and subscriptions. */
  refCount: number;
  /** The client's own presence. Undefined until it is published. */
  own: Presence | undefined;
  /** By session id, including this session. */
  peers: Peers;
  /** Whether the server has sent the peers. */
  hasPeers: boolean;
  /** When to join again if the peers are still missing; Infinity for never. */
  peersDeadlineMs: number;
  error: string | undefined;
  /** Whether the server lacks the newest presence. */
  isPresenceDue: boolean;
  /** Messages that wait for the join, or were refused for the moment: those come first. */
  readonly queued: Message[];
  refusedMessages: number;
  /** Refusals for the moment in a row, and when to try again; Infinity if there is nothing to try. Nothing is sent before. */
  refusals: number;
  retryAtMs: number;
}

interface Message {
  readonly topic: string;
  readonly data: unknown;
}

export function newRoom(id: string, type: string, own: Presence | undefined): Room {
  return {
    id,
    type,
    state: 'apart',
    refCount: 1,
    own,
    peers: {},
    hasPeers: false,
    peersDeadlineMs: Infinity,
    error: undefined,
    isPresenceDue: false,
    queued: [],
    refusedMessages: 0,
    refusals: 0,
    retryAtMs: Infinity,
  };
}

export function isPeers(state: unknown): state is Peers {
  return isObject(state) && Object.values(state).every(isObject);
}
