// The writes of a simulation, and what must be true of each in the end: it is applied exactly once, or was rejected.

import type { LogEntry } from '../server/storage/storage.ts';
import type { WritePromise } from '../reactor/mutations/write-promise.ts';

interface TrackedWrite {
  /** As messages name it. */
  readonly name: string;
  readonly tab: string;
  /** Undefined until the client has stored it on the device. */
  eventId: string | undefined;
  outcome: 'waiting' | 'acknowledged' | 'rejected' | 'unknown';
}

export class TrackedWrites {
  readonly #writes: TrackedWrite[] = [];
  readonly #ended = new Set<string>();

  get count(): number {
    return this.#writes.length;
  }

  get rejected(): number {
    return this.#writes.filter(({ outcome }) => outcome === 'rejected').length;
  }

  add(tab: string, promise: WritePromise): void {
    const write: TrackedWrite = { name: `write ${this.#writes.length + 1} of ${tab}`, tab, eventId: undefined, outcome: 'waiting' };
    this.#writes.push(write);
    const ignore = (): void => {};
    promise.catch(ignore);
    promise.queued.then(({ clientId }) => (write.eventId = clientId), ignore);
    promise.settled.then(
      () => (write.outcome = 'acknowledged'),
      (error: { readonly code?: unknown }) => (write.outcome = error.code === 'refused' ? 'rejected' : 'unknown'),
    );
  }

  /** A tab was closed or killed: nobody is told any more what became of its writes, and what was not stored is lost. */
  end(tab: string): void {
    this.#ended.add(tab);
  }

  /**
   * @param entries the log of the server
   * @param listed the event ids that the devices list as rejected, or as blocked by a rejected write
   */
  violations(entries: readonly LogEntry[], listed: ReadonlySet<string>): string[] {
    const applied = new Map<string, number>();
    const rejected = new Set(listed);
    for (const entry of entries) {
      if (entry.event && entry.rejected) rejected.add(entry.event.id);
      else if (entry.event) applied.set(entry.event.id, (applied.get(entry.event.id) ?? 0) + 1);
    }
    return this.#writes.flatMap((write) => this.#violationsOf(write, applied, rejected));
  }

  #violationsOf(
    { name, tab, eventId, outcome }: TrackedWrite,
    applied: ReadonlyMap<string, number>,
    rejected: ReadonlySet<string>,
  ): string[] {
    const isToldNoMore = this.#ended.has(tab) || (eventId !== undefined && rejected.has(eventId));
    const count = eventId === undefined ? 0 : (applied.get(eventId) ?? 0);
    const found: string[] = [];
    if (count > 1) found.push(`${name} was applied ${count} times`);
    if (count > 0 && outcome === 'rejected') found.push(`${name} was rejected and is applied`);
    if (count === 0 && outcome === 'acknowledged') found.push(`${name} was acknowledged and is not applied`);
    if (outcome === 'waiting' && !isToldNoMore) found.push(`${name} is neither applied nor rejected after everything works again`);
    const isLost = count === 0 && eventId !== undefined && !rejected.has(eventId);
    if (isLost && (outcome === 'unknown' || (outcome === 'waiting' && isToldNoMore)))
      found.push(`${name} was stored on the device and is lost`);
    return found;
  }
}
