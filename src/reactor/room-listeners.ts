// Who listens in which room, to presence and to topics, and what they were last told. Rooms themselves are in rooms.ts.

import { type PresenceRequest, type Slice, sameSlice } from './presence-slice.ts';

export interface PresenceListener {
  readonly request: PresenceRequest;
  readonly told: (slice: Slice) => void;
  last?: Slice;
}

export type TopicListener = (data: unknown, peer: unknown) => void;

export class RoomListeners {
  readonly #presence = new Map<string, Set<PresenceListener>>();
  readonly #topics = new Map<string, Set<TopicListener>>();

  addPresence(roomId: string, listener: PresenceListener): () => void {
    return enter(this.#presence, roomId, listener);
  }

  addTopic(roomId: string, topic: string, listener: TopicListener): () => void {
    return enter(this.#topics, topicKey(roomId, topic), listener);
  }

  /** Those for whom something changed, with what they are to be told. */
  news(roomId: string, sliceFor: (request: PresenceRequest) => Slice): { readonly listener: PresenceListener; readonly slice: Slice }[] {
    const news: { listener: PresenceListener; slice: Slice }[] = [];
    for (const listener of this.#presence.get(roomId) ?? []) {
      const slice = sliceFor(listener.request);
      if (listener.last && sameSlice(listener.last, slice)) continue;
      listener.last = slice;
      news.push({ listener, slice });
    }
    return news;
  }

  ofTopic(roomId: string, topic: string): TopicListener[] {
    return [...(this.#topics.get(topicKey(roomId, topic)) ?? [])];
  }
}

function topicKey(roomId: string, topic: string): string {
  return JSON.stringify([roomId, topic]);
}

function enter<T>(map: Map<string, Set<T>>, key: string, listener: T): () => void {
  const listeners = map.get(key) ?? new Set<T>();
  map.set(key, listeners.add(listener));
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0 && map.get(key) === listeners) map.delete(key);
  };
}
