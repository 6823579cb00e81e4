// A Transport whose lines a test holds in its hand: nothing happens on them but what the test does, and at once.

import type { Channel, ChannelEvents, Transport } from '../../src/connection/transport.ts';
import { TriplaneError } from '../../src/errors.ts';
import type { ClientMessage } from '../../src/protocol/client-message.ts';

export interface FakeChannel extends Channel {
  /** What the server says and does. */
  readonly on: ChannelEvents;
  readonly sent: readonly ClientMessage[];
  readonly isClosed: boolean;
}

export class FakeTransport implements Transport {
  readonly name: 'ws' | 'sse';
  readonly channels: FakeChannel[] = [];
  readonly #greet: (channel: FakeChannel) => void;

  /** `greet` is done with each line, a moment after it was asked for. */
  constructor(greet: (channel: FakeChannel) => void = () => {}, name: 'ws' | 'sse' = 'ws') {
    this.#greet = greet;
    this.name = name;
  }

  open(on: ChannelEvents): Channel {
    const channel = newChannel(on);
    this.channels.push(channel);
    queueMicrotask(() => this.#greet(channel));
    return channel;
  }

  /** The newest line. */
  get channel(): FakeChannel {
    const channel = this.channels.at(-1);
    if (!channel) throw new Error('No line was opened');
    return channel;
  }

  get openChannels(): readonly FakeChannel[] {
    return this.channels.filter((channel) => !channel.isClosed);
  }
}

function newChannel(on: ChannelEvents): FakeChannel {
  const sent: ClientMessage[] = [];
  let isClosed = false;
  const assertOpen =
    <Args extends readonly unknown[]>(deliver: (...args: Args) => void) =>
    (...args: Args): void => {
      if (!isClosed) deliver(...args);
    };
  return {
    sent,
    on: {
      opened: assertOpen(() => on.opened()),
      message: assertOpen((message) => on.message(message)),
      activity: assertOpen(() => on.activity()),
      fault: assertOpen((error) => on.fault(error)),
      closed: assertOpen((why) => {
        isClosed = true;
        on.closed(why);
      }),
    },
    get isClosed() {
      return isClosed;
    },
    send(message) {
      if (isClosed) throw new TriplaneError('unreachable', 'The line is closed');
      sent.push(message);
    },
    close() {
      isClosed = true;
    },
  };
}
