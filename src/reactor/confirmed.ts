// What follows from the server having a write, and from the server telling its attributes: several organs must hear of each.

import type { WireAttr } from '../protocol/attr.ts';
import type { Effect } from './effect.ts';
import type { Organs } from './organs.ts';

/** Where the attrs are kept, of which all kept answers speak. */
export const attrsKey = 'attrs';

interface Place {
  readonly txId: number;
  readonly isn: string | undefined;
}

/** Of a write that was applied before this session began: every answer of the session contains it. */
export const beforeThisSession: Place = { txId: 0, isn: undefined };

/** The write stays on disk, as confirmed, until every answer contains it: it must not flicker at the next start either. */
export function confirmed({ outbox, catalogue, queries }: Organs, eventId: string, place: Place, nowMs: number): Effect[] {
  const write = outbox.confirm(eventId, place);
  if (!write) return [];
  const outrun = outbox.outrun(write, catalogue.known);
  return [
    ...(catalogue.confirm(write.steps) ? queries.setAttrs(catalogue.known) : []),
    ...queries.confirmed(write, nowMs),
    ...queries.rewrite(outrun),
    { do: 'store', edits: [write, ...outrun].flatMap((each) => outbox.save(each)) },
    { do: 'tell', news: { type: 'applied', eventId, ...place } },
    { do: 'settle', eventId },
    { do: 'prune' },
    { do: 'announce', what: 'outbox' },
    { do: 'flush' },
  ];
}

/** The server's list of attrs: waiting writes are put in its terms, then the views. */
export function takeAttrs({ catalogue, outbox, queries }: Organs, attrs: readonly WireAttr[]): Effect[] {
  const isNew = catalogue.tell(attrs);
  const rewritten = outbox.rebase(catalogue.known);
  return [
    ...(isNew ? [{ do: 'store', edits: [{ put: attrsKey, value: attrs }] } as const] : []),
    ...queries.setAttrs(catalogue.known),
    ...queries.rewrite(rewritten),
    ...rewritten.map((write): Effect => ({ do: 'store', edits: outbox.save(write) })),
  ];
}
