// Which of the waiting messages go into one POST, and which may go ahead of one that does not get through. PROTOCOL.md#ordering

import type { ClientMessage } from '../../protocol/client-message.ts';
import { laneOf } from '../../protocol/lanes.ts';

export interface QueuedMessage {
  readonly message: ClientMessage;
  readonly size: number;
}

/** Below the limit of servers for one request. */
const maxCharacters = 500_000;
/** What is larger than this waits its turn: it may not get through either. */
const smallCharacters = 16_000;

/** Removes the next messages from the queue: at least one. */
export function takeBatch(queue: QueuedMessage[], most: number): QueuedMessage[] {
  let characters = 0;
  let count = 0;
  for (const { size } of queue) {
    characters += size;
    if (count > 0 && (count >= most || characters > maxCharacters)) break;
    count += 1;
  }
  return queue.splice(0, count);
}

/** The small messages of lanes in which none has to wait. They stay in the queue. */
export function overtakingIn(queue: readonly QueuedMessage[], blocked: readonly QueuedMessage[], most: number): QueuedMessage[] {
  const held = new Set(blocked.map(({ message }) => laneOf(message)));
  let characters = 0;
  return queue
    .filter(({ message, size }) => {
      const lane = laneOf(message);
      const isNext = !held.has(lane) && size <= smallCharacters && characters + size <= maxCharacters;
      if (isNext) characters += size;
      else held.add(lane);
      return isNext;
    })
    .slice(0, most);
}
