// A Transport whose lines a test holds in its hand: nothing happens on them but what the test does, and at once.

import type { Line, LineEvents, Transport } from '../../src/connection/transport.ts';
import { TriplaneError } from '../../src/errors.ts';
import type { ClientMessage } from '../../src/protocol/client-message.ts';

export interface FakeLine extends Line {
  /** What the server says and does. */
  readonly on: LineEvents;
  readonly sent: readonly ClientMessage[];
  readonly isClosed: boolean;
}

export class FakeTransport implements Transport {
  readonly name: 'ws' | 'sse';
  readonly lines: FakeLine[] = [];
  readonly #greet: (line: FakeLine) => void;

  /** `greet` is done with each line, a moment after it was asked for. */
  constructor(greet: (line: FakeLine) => void = () => {}, name: 'ws' | 'sse' = 'ws') {
    this.#greet = greet;
    this.name = name;
  }

  open(on: LineEvents): Line {
    const line = newLine(on);
    this.lines.push(line);
    queueMicrotask(() => this.#greet(line));
    return line;
  }

  /** The newest line. */
  get line(): FakeLine {
    const line = this.lines.at(-1);
    if (!line) throw new Error('No line was opened');
    return line;
  }

  get openLines(): readonly FakeLine[] {
    return this.lines.filter((line) => !line.isClosed);
  }
}

function newLine(on: LineEvents): FakeLine {
  const sent: ClientMessage[] = [];
  let isClosed = false;
  const unlessClosed =
    <Args extends readonly unknown[]>(tell: (...args: Args) => void) =>
    (...args: Args): void => {
      if (!isClosed) tell(...args);
    };
  return {
    sent,
    on: {
      opened: unlessClosed(() => on.opened()),
      message: unlessClosed((message) => on.message(message)),
      heard: unlessClosed(() => on.heard()),
      fault: unlessClosed((error) => on.fault(error)),
      closed: unlessClosed((why) => {
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
