// Which unconfirmed write creates which entity: writes that need the entity wait until the server has confirmed its creation.

import type { Step } from '../../protocol/transact-messages.ts';
import { createdBy, upsertedBy, writeSetOf } from './write-set.ts';

export class Makers {
  /** Entity → the write that creates it. */
  readonly #creators = new Map<string, string>();
  /** Entity → the write that creates it if it is missing. */
  readonly #upserters = new Map<string, string>();

  isCreating(id: string): boolean {
    return this.#creators.has(id);
  }

  set(eventId: string, steps: readonly Step[], isUnconfirmed: boolean): void {
    mark(this.#creators, createdBy(steps), eventId, isUnconfirmed);
    mark(this.#upserters, upsertedBy(steps), eventId, isUnconfirmed);
  }

  /** The write that creates an entity these steps need, if `isEarlier` says that it precedes them. */
  neededBy(steps: readonly Step[], isEarlier: (eventId: string) => boolean): string | undefined {
    if (this.#creators.size === 0 && this.#upserters.size === 0) return undefined;
    const { touches, linked } = writeSetOf(steps);
    return makerIn(this.#creators, touches, isEarlier) ?? makerIn(this.#upserters, linked, isEarlier);
  }
}

/** A later write that creates the same entity is not waited for: it waits itself. */
function makerIn(
  makers: ReadonlyMap<string, string>,
  ids: ReadonlySet<string>,
  isEarlier: (eventId: string) => boolean,
): string | undefined {
  for (const id of ids) {
    const eventId = makers.get(id);
    if (eventId !== undefined && isEarlier(eventId)) return eventId;
  }
  return undefined;
}

function mark(makers: Map<string, string>, ids: ReadonlySet<string>, eventId: string, isUnconfirmed: boolean): void {
  for (const id of ids) {
    if (isUnconfirmed) makers.set(id, eventId);
    else if (makers.get(id) === eventId) makers.delete(id);
  }
}
