// Our server without what it has beyond the original's: it does not remember event ids, and announces nothing. A write that comes again is
// carried out again.

import type { LogEntry } from '../../src/server/storage/storage.ts';
import type { Socket } from '../../src/server/session/subscriber.ts';
import { VirtualServer } from '../../src/testing/virtual/server.ts';

/** What tells the sendings of one write apart. */
const sending = /~\d+~/g;

export class ForgetfulServer extends VirtualServer {
  #sent = 0;

  override connect(socket: Socket): ReturnType<VirtualServer['connect']> {
    const session = super.connect({
      send: (frame) => socket.send(withoutExtensions(frame.replace(sending, ''))),
      close: (code, reason) => socket.close(code, reason),
    });
    return {
      receive: (frame) => session.receive(withoutExtensions(frame, () => `~${++this.#sent}~`)),
      end: () => session.end(),
    };
  }
}

/** The log, with the event ids that the clients gave. */
export function asSent(entries: readonly LogEntry[]): LogEntry[] {
  return entries.map((entry) => (entry.event ? { ...entry, event: { ...entry.event, id: entry.event.id.replace(sending, '') } } : entry));
}

interface Message {
  readonly op?: unknown;
  readonly 'client-event-id'?: string;
  triplane?: unknown;
}

function withoutExtensions(frame: string, suffix?: () => string): string {
  const given = JSON.parse(frame) as Message | readonly Message[];
  const messages = [given].flat().map((message): Message => {
    const { triplane: _, ...plain } = message;
    return suffix && plain.op === 'transact' ? { ...plain, 'client-event-id': `${plain['client-event-id'] ?? ''}${suffix()}` } : plain;
  });
  return JSON.stringify(Array.isArray(given) ? messages : messages[0]);
}
