// Our server without what it has beyond the original's: it does not remember event ids, and announces nothing. A write that comes again is
// carried out again.

import type { LogEntry } from '../../src/server/storage/storage.ts';
import type { Socket } from '../../src/server/session/subscriber.ts';
import { VirtualServer } from '../../src/testing/virtual/server.ts';

/** What tells the sendings of one write apart, and those without steps from the others. */
const sending = /~\d+(-empty)?~/g;

export class ForgetfulServer extends VirtualServer {
  #sent = 0;

  override connect(socket: Socket): ReturnType<VirtualServer['connect']> {
    const session = super.connect({
      send: (frame) => socket.send(withoutExtensions(frame.replace(sending, ''))),
      close: (code, reason) => socket.close(code, reason),
    });
    return {
      receive: (frame) => session.receive(withoutExtensions(frame, (isEmpty) => `~${++this.#sent}${isEmpty ? '-empty' : ''}~`)),
      end: () => session.end(),
    };
  }
}

/** The log, with the event ids that the clients gave. A transaction without steps, which asks for a position, is not a repeat. */
export function asSent(entries: readonly LogEntry[]): LogEntry[] {
  return entries
    .filter(({ event }) => !event?.id.includes('-empty~'))
    .map((entry) => (entry.event ? { ...entry, event: { ...entry.event, id: entry.event.id.replace(sending, '') } } : entry));
}

interface Message {
  readonly op?: unknown;
  readonly 'client-event-id'?: string;
  readonly 'tx-steps'?: readonly unknown[];
  triplane?: unknown;
}

function withoutExtensions(frame: string, suffix?: (isEmpty: boolean) => string): string {
  const given = JSON.parse(frame) as Message | readonly Message[];
  const messages = [given].flat().map((message): Message => {
    const { triplane: _, ...plain } = message;
    if (!suffix || plain.op !== 'transact') return plain;
    return { ...plain, 'client-event-id': `${plain['client-event-id'] ?? ''}${suffix(plain['tx-steps']?.length === 0)}` };
  });
  return JSON.stringify(Array.isArray(given) ? messages : messages[0]);
}
