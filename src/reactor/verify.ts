// A refused write that may be in place from an earlier sending: it is, if what it makes is there. No one else has its ids. Seldom, and only
// with servers that do not remember which writes they have applied.

import type { InstantAPIError } from '../errors.ts';
import { queryKey } from '../query/key.ts';
import { beforeThisSession, confirmed } from './confirmed.ts';
import type { OpenBack } from './desk.ts';
import { footprintOf } from './footprint.ts';
import { refused } from './refused.ts';
import type { Write } from './write.ts';

export async function verify(back: OpenBack, write: Write, error: InstantAPIError): Promise<void> {
  const { config, organs } = back;
  try {
    const [id = ''] = footprintOf(write.steps).creates;
    const step = write.steps.find((each) => each[0] === 'add-triple' && each[1] === id);
    const etype = step?.[0] === 'add-triple' ? organs.catalogue.known.byId(step[2])?.etype : undefined;
    const isThere = etype !== undefined && (await isAtServer(back, etype, id));
    if (organs.outbox.get(write.eventId) === undefined) return;
    const nowMs = config.clock.now();
    back.run(isThere ? confirmed(organs, write.eventId, beforeThisSession, nowMs) : refused(organs, write, error, nowMs));
  } catch (cause) {
    // No answer: it goes out again with the next line, and comes back here.
    config.log.info('a refused write could not be looked up', cause);
  }
}

async function isAtServer(back: OpenBack, etype: string, id: string): Promise<boolean> {
  const query = { [etype]: { $: { where: { id } } } };
  const answer = back.ask(query);
  // What is seen holds the write itself; only the server's own word counts.
  const view = back.organs.queries.get(queryKey(query))?.view;
  await answer;
  return view?.answered.row(etype, id) !== undefined;
}
