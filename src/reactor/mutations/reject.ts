// Handles the rejection of a write: every view drops it, it is kept for the app to read, and writes that depend on an entity it creates are
// blocked. On servers that do not deduplicate transactions, a write that was sent before may have been applied: it was if the entity it
// creates exists, because ids are unique.

import type { InstantAPIError } from '../../errors.ts';
import type { ClientContext } from '../context.ts';
import { envOf, type SyncState } from '../state.ts';
import type { TxPosition } from '../tx-position.ts';
import { acknowledge } from './acknowledge.ts';
import { queryKey } from '../../query/key.ts';
import { removeMutation, putMutation, type Mutation, mutationRecord } from './mutation.ts';
import { type Effect, onward } from '../effect.ts';
import { describeDenial } from '../../transact/denial.ts';
import { actionsOn } from './write-actions.ts';
import { writeSetOf } from './write-set.ts';

export function reject(state: SyncState, write: Mutation, given: InstantAPIError, rejectedAtMs: number): Effect[] {
  const { outbox, queries, rejections, receipts } = state;
  const attrs = state.catalog.withPending(outbox.pendingAttrs());
  const error = describeDenial(given, (etype) => actionsOn(etype, write.steps, attrs));
  const { eventId } = write;
  const rejection: Mutation = { ...write, state: 'rejected', error, rejectedAtMs };
  rejections.set(eventId, rejection);
  receipts.forget(eventId);
  return [
    ...[write, ...outbox.reject(eventId)].flatMap((hidden) => queries.reject(hidden.eventId)),
    { do: 'store', edits: [removeMutation(write), putMutation(rejection)] },
    { do: 'tell', message: { type: 'rejected', record: mutationRecord(rejection) } },
    { do: 'settle', eventId, error },
    ...onward,
  ];
}

export async function verifyApplied(context: ClientContext, write: Mutation, error: InstantAPIError): Promise<void> {
  const { config, state } = context;
  try {
    const [id = ''] = writeSetOf(write.steps).creates;
    const step = write.steps.find((each) => each[0] === 'add-triple' && each[1] === id);
    const etype = step?.[0] === 'add-triple' ? state.catalog.known.byId(step[2])?.etype : undefined;
    const position = etype === undefined ? undefined : await positionAtServer(context, etype, id);
    if (state.outbox.get(write.eventId) === undefined) return;
    const env = envOf(config);
    context.run(position ? acknowledge(state, write.eventId, position, env) : reject(state, write, error, env.dateMs));
  } catch (cause) {
    // No response: it is sent again over the next connection, and comes back here.
    config.log.info('a refused write could not be looked up', cause);
  }
}

/** That of a result with the entity. Undefined if it does not exist. */
async function positionAtServer(context: ClientContext, etype: string, id: string): Promise<TxPosition | undefined> {
  const query = { [etype]: { $: { where: { id } } } };
  const result = context.queries.once(query);
  // The view includes the write itself; only the server's result counts.
  const live = context.state.queries.get(queryKey(query));
  await result;
  if (live?.view.baseStore.row(etype, id) === undefined) return undefined;
  const { 'processed-tx-id': txId, 'processed-isn': isn } = live.processed ?? {};
  return { txId: txId ?? 0, isn: isn ?? undefined };
}
