// An event-stream connection that a program drives by itself: the transport that `init` falls back to, with the name and interface of
// InstantDB's client.

import { lazyTransport } from '../connection/lazy-transport.ts';
import type { Channel, Transport } from '../connection/transport.ts';
import { id } from '../lib/uuid.ts';
import type { ClientMessage } from '../protocol/client-message.ts';
import type { ServerMessage } from '../protocol/server-message.ts';
import type { EventSourceConstructor } from '../types/ports.ts';
import { loadEventSource } from './lazy-features.ts';

type State = 'connecting' | 'open' | 'closed';

/**
 * @example
 * const connection = new SSEConnection(EventSource, `${apiURI}/runtime/sse?app_id=${appId}`);
 * connection.onopen = () => connection.send({ op: 'init', 'client-event-id': id(), 'app-id': appId });
 * connection.onmessage = ({ message }) => console.log(message);
 */
export class SSEConnection {
  readonly type = 'sse';
  readonly id: string = id();
  readonly url: string;
  onopen: ((event: { readonly target: SSEConnection }) => void) | null = null;
  onmessage: ((event: { readonly target: SSEConnection; readonly message: ServerMessage }) => void) | null = null;
  onclose: ((event: { readonly target: SSEConnection }) => void) | null = null;
  onerror: ((event: { readonly target: SSEConnection }) => void) | null = null;
  readonly #channel: Channel;
  #state: State = 'connecting';

  /** @param messageUrl the URL to post messages to; `url` by default */
  constructor(EventSource: EventSourceConstructor, url: string, messageUrl?: string) {
    this.url = url;
    const load = async (): Promise<Transport> => (await loadEventSource()).eventSourceTransport({ url, postUrl: messageUrl, EventSource });
    const onFault = (): void => this.onerror?.({ target: this });
    this.#channel = lazyTransport('sse', load, onFault).open({
      opened: () => {
        this.#state = 'open';
        this.onopen?.({ target: this });
      },
      message: (message) => this.onmessage?.({ target: this, message }),
      activity: () => {},
      fault: onFault,
      closed: () => {
        this.#state = 'closed';
        this.onerror?.({ target: this });
        this.onclose?.({ target: this });
      },
    });
  }

  isOpen(): boolean {
    return this.#state === 'open';
  }

  isConnecting(): boolean {
    return this.#state === 'connecting';
  }

  /** @throws TriplaneError 'unreachable' unless the connection is open */
  send(message: ClientMessage): void {
    this.#channel.send(message);
  }

  close(): void {
    this.#state = 'closed';
    void this.#channel.close();
  }
}
