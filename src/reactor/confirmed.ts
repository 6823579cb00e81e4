// What follows from the server having a write, and from the server telling its attributes: several organs must hear of each.

import type { WireAttr } from '../protocol/attr.ts';
import type { Step } from '../protocol/step.ts';
import { rebase } from '../transact/rebase.ts';
import { attrsKey } from './attrs-key.ts';
import { type Effect, onward } from './effect.ts';
import type { OpenOrgans } from './organs.ts';
import { outrun } from './outrun.ts';
import { kept } from './write.ts';

interface Place {
  readonly txId: number;
  readonly isn: string | undefined;
}

/** Of a write that was applied before this session began: every answer of the session contains it. */
export const beforeThisSession: Place = { txId: 0, isn: undefined };

/** The write stays on disk, as confirmed, until every answer contains it: it must not flicker at the next start either. */
export function confirmed({ outbox, catalogue, queries }: OpenOrgans, eventId: string, place: Place, nowMs: number): Effect[] {
  const write = outbox.confirm(eventId, place);
  if (!write) return [];
  const late = outbox.outrun(write, (steps) => outrun(steps, write.steps, catalogue.known));
  return [
    ...(catalogue.confirm(write.steps) ? queries.setAttrs(catalogue.known) : []),
    ...queries.confirmed(write, nowMs),
    ...queries.rewrite(late),
    { do: 'store', edits: [write, ...late].map(kept) },
    { do: 'tell', news: { type: 'applied', eventId, ...place } },
    { do: 'settle', eventId },
    ...onward,
  ];
}

/** Steps that were made under an earlier catalogue, in the terms of this one. */
export function inKnownTerms({ catalogue, outbox }: OpenOrgans): (steps: readonly Step[]) => readonly Step[] {
  return (steps) => rebase(steps, catalogue.known, outbox.renames);
}

/** The server's list of attrs: waiting writes are put in its terms, then the views. */
export function takeAttrs(organs: OpenOrgans, attrs: readonly WireAttr[]): Effect[] {
  const { catalogue, outbox, queries } = organs;
  const isNew = catalogue.tell(attrs);
  const rewritten = outbox.rebase(inKnownTerms(organs));
  return [
    { do: 'store', edits: [...(isNew ? [{ put: attrsKey, value: attrs }] : []), ...rewritten.map(kept)] },
    ...queries.setAttrs(catalogue.known),
    ...queries.rewrite(rewritten),
  ];
}
