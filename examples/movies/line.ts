// A line that can be cut by hand. A browser that says it is offline may be wrong, so the client tries the line it has all the same: whoever
// wants it to be gone has to close it and to let no other open.

import type { Network, Ports } from 'triplane';
import WebSocket from 'isomorphic-ws';

type Socket = ReturnType<NonNullable<Ports['webSocket']>>;

export class SwitchableConnection {
  readonly #listeners = new Set<(change: 'online' | 'offline') => void>();
  #socket: Socket | undefined;
  #isOn = true;

  /** For `init`. */
  readonly ports: { readonly network: Network; readonly webSocket: (url: string) => Socket } = {
    network: {
      isOnline: () => this.#isOn,
      subscribe: (on) => {
        this.#listeners.add(on);
        return () => void this.#listeners.delete(on);
      },
    },
    webSocket: (url) => (this.#socket = this.#isOn ? new WebSocket(url) : failingSocket()),
  };

  switch(isOn: boolean): void {
    if (isOn === this.#isOn) return;
    this.#isOn = isOn;
    for (const notify of [...this.#listeners]) notify(isOn ? 'online' : 'offline');
    if (!isOn) this.#socket?.close();
  }
}

/** Closed before it was opened. */
function failingSocket(): Socket {
  const socket: Socket = { readyState: 3, onopen: null, onmessage: null, onerror: null, onclose: null, send() {}, close() {} };
  queueMicrotask(() => (socket.onclose as ((why: object) => void) | null)?.({ code: 1006, reason: '' }));
  return socket;
}
