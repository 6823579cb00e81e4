// A refused write that was sent before may be in place from then: it is, if what it makes is there. No one else has its ids.

import type { TriplaneError } from '../errors.ts';
import { queryKey } from '../query/key.ts';
import { beforeThisSession, confirmed } from './confirmed.ts';
import type { Back } from './desk.ts';
import { footprintOf } from './footprint.ts';
import { refused } from './refused.ts';
import type { Write } from './write.ts';

/** Rejects if there was no answer. */
export async function verify(back: Back, write: Write, error: TriplaneError): Promise<void> {
  const { config, organs } = back;
  const [id] = footprintOf(write.steps).creates;
  const etype = write.steps.flatMap((step) =>
    step[0] === 'add-triple' && step[1] === id ? (organs.catalogue.known.byId(step[2])?.etype ?? []) : [],
  )[0];
  if (id === undefined || etype === undefined) return back.run(refused(organs, write, error, config.clock.now()));
  const query = { [etype]: { $: { where: { id } } } };
  const answer = back.ask(query);
  // What is seen holds the write itself; only the server's own word counts.
  const view = organs.queries.get(queryKey(query))?.view;
  await answer;
  if (organs.outbox.get(write.eventId) === undefined) return;
  const isThere = view?.isAnswered(etype, id) ?? false;
  const nowMs = config.clock.now();
  back.run(isThere ? confirmed(organs, write.eventId, beforeThisSession, nowMs) : refused(organs, write, error, nowMs));
}
