// Attrs that inflight writes create and that another client may have created first. The server rejects such a write, and the client sends it
// again with the other attr's id. Until it is acknowledged, no later write to the same entities is sent: if the response were lost, the client
// could not know that the later write was applied first. A write that creates the same attr may be sent, because it is rejected too.

import type { Step } from '../../protocol/transact-messages.ts';
import { newAttrs } from '../attr-catalog.ts';
import { Footprint } from './retries.ts';

interface Sent {
  readonly writes: Set<string>;
  readonly footprint: Footprint;
}

export class ContestedAttrs {
  /** Attrs that no confirmed write has created, by id. */
  readonly #sent = new Map<string, Sent>();
  readonly #made = new Set<string>();

  onSend(write: { readonly eventId: string; readonly order: number; readonly steps: readonly Step[] }): void {
    for (const { id } of newAttrs(write.steps)) {
      if (this.#made.has(id)) continue;
      const sent = this.#sent.get(id) ?? { writes: new Set(), footprint: new Footprint() };
      sent.writes.add(write.eventId);
      sent.footprint.add(write);
      this.#sent.set(id, sent);
    }
  }

  /** Whether these steps would be applied although an earlier write is rejected. */
  hold(steps: readonly Step[]): boolean {
    if (this.#sent.size === 0) return false;
    const own = new Set(newAttrs(steps).map(({ id }) => id));
    for (const [id, { footprint }] of this.#sent) if (!own.has(id) && footprint.meets(steps)) return true;
    return false;
  }

  /** The write is no longer inflight. */
  onReturn(eventId: string): void {
    for (const [id, { writes }] of this.#sent) if (writes.delete(eventId) && writes.size === 0) this.#sent.delete(id);
  }

  /** The server has these attrs under these ids: creating them again has no effect. */
  confirm(steps: readonly Step[]): void {
    for (const { id } of newAttrs(steps)) {
      this.#made.add(id);
      this.#sent.delete(id);
    }
  }
}
