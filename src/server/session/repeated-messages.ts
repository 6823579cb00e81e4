// Recognizes messages that arrive twice in one session: the client of an event stream repeats a POST whose response was lost. Executed again,
// a broadcast would be heard twice, and a second `init` would be rejected. Writes are recognized by the ledger, and everything else has the
// same effect again. The response went out on the stream, so a repeated message gets none.

import type { ClientMessage, ClientOp } from '../../protocol/client-message.ts';

const once: ReadonlySet<ClientOp> = new Set<ClientOp>(['init', 'client-broadcast', 'start-sync', 'start-stream']);
/** More than one POST contains. */
const maxKnown = 512;
/** Longer ids are not repeated by any client of ours. */
const maxIdLength = 100;

export class RepeatedMessages {
  readonly #known = new Set<string>();

  /** Returns whether the message was received before, and remembers it. */
  has(message: ClientMessage): boolean {
    const eventId = message['client-event-id'];
    if (!once.has(message.op) || !eventId || eventId.length > maxIdLength) return false;
    const key = `${message.op} ${eventId}`;
    if (this.#known.has(key)) return true;
    this.#known.add(key);
    const [oldest] = this.#known;
    if (this.#known.size > maxKnown && oldest !== undefined) this.#known.delete(oldest);
    return false;
  }

  /** It was rejected: the client may send it again under its id. */
  forget({ op, 'client-event-id': eventId }: { readonly op?: unknown; readonly 'client-event-id'?: unknown }): void {
    this.#known.delete(`${String(op)} ${String(eventId)}`);
  }
}
