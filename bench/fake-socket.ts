// A WebSocket with no network behind it: whoever holds it plays the server, in text.

export class FakeSocket {
  static readonly OPEN = 1;
  static readonly CONNECTING = 0;
  /** The ones opened, newest last. */
  static readonly opened: FakeSocket[] = [];
  /** What the server says to a message. */
  static answer: (message: Readonly<Record<string, unknown>>, socket: FakeSocket) => void = () => {};

  readyState = 0;
  onopen: ((event: never) => void) | null = null;
  onmessage: ((event: never) => void) | null = null;
  onerror: ((event: never) => void) | null = null;
  onclose: ((event: never) => void) | null = null;

  constructor(_url?: string) {
    FakeSocket.opened.push(this);
    setTimeout(() => {
      this.readyState = 1;
      this.onopen?.({ target: this } as never);
    }, 0);
  }

  send(text: string): void {
    const message = JSON.parse(text) as Readonly<Record<string, unknown>>;
    setTimeout(() => FakeSocket.answer(message, this), 0);
  }

  close(): void {
    this.readyState = 3;
  }

  receive(text: string): void {
    this.onmessage?.({ data: text } as never);
  }
}
