// Handles the acknowledgement of a write and the arrival of attrs, which affect several state modules. Writes are sent without waiting for
// each other, so writes behind a failed one may have been applied: a late write must not overwrite them.

import type { Attrs } from '../../db/attrs.ts';
import type { Env, SyncState } from '../state.ts';
import type { Step } from '../../protocol/transact-messages.ts';
import type { WireAttr } from '../../protocol/attr.ts';
import { attrsKey } from '../attr-catalog.ts';
import { type Mutation, putMutation } from './mutation.ts';
import type { TxPosition } from '../tx-position.ts';
import { rebase } from '../../transact/rebase.ts';
import { type Effect, onward } from '../effect.ts';

/** The steps of an earlier write that remain after a later one was applied. The same array if the two are independent. */
export function supersede(steps: readonly Step[], later: readonly Step[], attrs: Attrs): readonly Step[] {
  const written = new Set<unknown>();
  for (const step of later) {
    if (step[0] === 'delete-entity') written.add(JSON.stringify([step[1]]));
    else if (step[0] === 'add-triple' || step[0] === 'retract-triple') written.add(targetOf(step, attrs));
  }
  const remaining = steps.filter((step) => {
    if (step[0] !== 'add-triple' && step[0] !== 'retract-triple' && step[0] !== 'deep-merge-triple') return true;
    const target = targetOf(step, attrs);
    return !written.has(JSON.stringify([step[1]])) && (target === undefined || !written.has(target));
  });
  return remaining.length < steps.length ? remaining : steps;
}

/**
 * Key of the place a step writes to: a value is identified by entity and attr, a has-many link by itself. Every write to an entity includes
 * its id.
 */
function targetOf(
  [, e, a, v]: Extract<Step, readonly ['add-triple' | 'retract-triple' | 'deep-merge-triple', ...unknown[]]>,
  attrs: Attrs,
): unknown {
  const attr = attrs.byId(a);
  if (!attr || attr === attrs.idAttr(attr.etype)) return undefined;
  return JSON.stringify(attr.isRef && attr.isMany ? [e, a, v] : [e, a]);
}

/** The write was applied before. The server says that by refusing something, and does not tell where in the log the write is. */
export const beforeThisSession: TxPosition = { txId: 0, isn: undefined };

/**
 * The write stays stored, as confirmed, until every result contains it: it must not flicker at the next start either. Without a position, each
 * older result, of another tab or on the disk, would pass for one that contains it: the server is asked for a later one first.
 */
export function acknowledge(
  { outbox, catalog, queries, receipts }: SyncState,
  eventId: string,
  position: TxPosition,
  { nowMs, dateMs }: Omit<Env, 'random'>,
): Effect[] {
  const question = position === beforeThisSession && outbox.get(eventId) && receipts.locate(eventId);
  if (question) return [{ do: 'send', message: question }];
  // No refresh follows a transaction that changes nothing: results without the write are requested at once.
  const sinceMs = receipts.isLocated(eventId) ? nowMs - 60_000 : nowMs;
  const write = outbox.acknowledge(eventId, position);
  if (!write) return [];
  const superseded = outbox.supersede(write, (steps) => supersede(steps, write.steps, catalog.known));
  return [
    ...(catalog.confirm(write.steps) ? queries.setAttrs(catalog.known) : []),
    ...queries.acknowledge(write, sinceMs),
    ...queries.rewrite(superseded),
    { do: 'store', edits: [...[write, ...superseded].map(putMutation), ...receipts.acknowledge(write, dateMs)] },
    { do: 'tell', message: { type: 'acknowledged', eventId, ...position } },
    { do: 'settle', eventId },
    ...onward,
  ];
}

/** Another tab was told by the server, and stores that. */
export function acknowledgeElsewhere(state: SyncState, eventId: string, position: TxPosition, env: Env): Effect[] {
  return acknowledge(state, eventId, position, env).filter((effect) => effect.do !== 'tell' && effect.do !== 'store');
}

/** Rewrites steps that were built with an earlier catalog for this one. */
export function stepRebaser({ catalog, outbox }: SyncState): (steps: readonly Step[]) => readonly Step[] {
  return (steps) => {
    try {
      return rebase(steps, catalog.known, outbox.renames);
    } catch {
      // Sent unchanged: the server rejects this write only.
      return steps;
    }
  };
}

/**
 * Rewrites writes loaded from the store or received from another tab for the current catalog: the server's attrs may have arrived before
 * the writes were read. Unchanged writes keep their identity.
 */
export function rebaseLoaded(state: SyncState, writes: readonly Mutation[]): Mutation[] {
  const rewrite = stepRebaser(state);
  return writes.map((write) => {
    const steps = rewrite(write.steps);
    return steps === write.steps ? write : { ...write, steps };
  });
}

/** Applies the server's list of attrs: waiting writes are rewritten for it, then the views. */
export function applyAttrs(state: SyncState, attrs: readonly WireAttr[]): Effect[] {
  const { catalog, outbox, queries } = state;
  const isNew = catalog.replace(attrs);
  const rebased = outbox.rebase(stepRebaser(state));
  const waiting = rebased.filter((write) => write.state !== 'acknowledged');
  return [
    { do: 'store', edits: isNew ? [{ put: attrsKey, value: attrs }] : [] },
    { do: 'rewrite', edits: waiting.map(putMutation) },
    ...queries.setAttrs(catalog.known),
    ...queries.rewrite(rebased),
  ];
}
