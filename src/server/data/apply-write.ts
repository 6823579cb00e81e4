// A write's outcome in memory, as a part of the group commit under way: it is durable only once the log has the group.

import { InstantAPIError } from '../../errors.ts';
import { failure } from '../errors.ts';
import type { LedgerConfig } from './ledger-config.ts';
import { canComeAgain, errorOf, finalRejection } from './rejections.ts';
import type { Batch } from './batch.ts';
import { changeSteps, type Replica } from './replica.ts';
import { prepareSteps } from './transact.ts';
import type { Now } from './age.ts';
import { type Outcome, type Planning, withDerived, type Write } from './write.ts';

export type WriteConfig = Pick<LedgerConfig, 'authorizeWrite' | 'derive' | 'size' | 'random' | 'clock' | 'logger'>;

/**
 * Applies the write to the replica and adds it to the batch, or rejects it. A write that was seen before gets its first outcome again.
 * A generator: yields where others can be served. While the replica is whole, nothing has been changed.
 */
export function* applyWrite(write: Write, batch: Batch, replica: Replica, config: WriteConfig): Generator<void, Outcome> {
  const { event } = write;
  const known = event && replica.idempotencyKeys.find(event);
  if (known?.rejected) return { is: 'rejected', error: errorOf(known.rejected) };
  if (known) return { is: 'done', txId: known.txId, isRepeat: true };
  const { random, clock, logger, authorizeWrite } = config;
  const now = clock.now();
  const at = replica.nextAt(now);
  try {
    const { steps, records } = yield* planned(write, replica, { at, now });
    const { changeSet, catalog } = yield* prepareSteps(replica.store, replica.deleted, steps, {
      actor: write.actor,
      at,
      uuid: () => random.uuid(),
      authorizeWrite: authorizeWrite && ((access) => authorizeWrite(access, write)),
    });
    const about = { before: replica.store, records: replica.records, attrs: catalog.attrs, txId: replica.txId + 1, at };
    const derived = config.derive && (yield* config.derive(changeSet, about));
    const all = withDerived(records, derived);
    const changes = yield* changeSteps(changeSet, catalog);
    const isOwn = write.actor.isServer === true && steps.length === 0;
    const check = (growth: number): void => config.size?.check(growth, replica.records, isOwn);
    yield* replica.applySteps({ id: random.eventId(), changeSet, changes, catalog, records: all, event, at }, batch, check);
    return { is: 'done', txId: replica.txId, isRepeat: false };
  } catch (error) {
    if (!(error instanceof InstantAPIError)) {
      logger.error('a transaction failed', error);
      return { is: 'rejected', error: failure(error) };
    }
    const rejected = event && canComeAgain(event) ? finalRejection(error) : undefined;
    if (event && rejected) replica.reject({ id: random.eventId(), event, rejected, at }, batch);
    return { is: 'rejected', error };
  }
}

function* planned({ steps }: Write, { store: db, records }: Replica, now: Now): Planning {
  if (typeof steps !== 'function') return { steps };
  const plan = steps({ db, records, ...now });
  return 'next' in plan ? yield* plan : plan;
}
