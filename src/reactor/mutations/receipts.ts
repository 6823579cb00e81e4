// Exactly-once delivery to servers that do not deduplicate transactions. Every transaction also creates a small entity whose unique attribute holds its
// event id: the server refuses a repeat as a whole, which means "already applied". Later transactions delete the receipts of confirmed ones.
// docs/exactly-once.md says why this holds.

import type { Attrs } from '../../db/attrs.ts';
import type { InstantAPIError, RejectionBody } from '../../errors.ts';
import { derivedUuid } from '../../lib/derived-uuid.ts';
import { isObject } from '../../lib/json.ts';
import type { Random } from '../../lib/random.ts';
import type { WireAttr } from '../../protocol/attr.ts';
import type { ServerCapabilities } from '../../protocol/session-messages.ts';
import type { AddAttr, Step, Transact } from '../../protocol/transact-messages.ts';
import type { KeyValueOp } from '../../storage/key-value.ts';
import type { Mutation } from './mutation.ts';

export const receiptEtype = 'triplaneReceipts';
const receiptLabel = 'eventId';

/** What a rejection reveals about the receipt. `unknown-attrs`: the server has the attrs under other ids, or no longer. */
export type ReceiptVerdict = 'applied' | 'forbidden' | 'unknown-attrs' | undefined;

/** A lost attempt may still arrive: the receipt of a write that was sent again is kept for this long. */
const keepRepeatedMs = 600_000;
/** Maximum number of receipts deleted along with one write. */
const maxDeletions = 16;

const claimPrefix = 'claim/';
const claimSalt = '83c1e0f7-5b29-4d6e-a1f4-0d97b6c2e853';

/** Store key of a user's receipts. */
export function receiptsKey(owner: string): string {
  return `receipts/${owner}`;
}

export class Receipts {
  readonly #attrs: readonly [id: WireAttr, event: WireAttr];
  readonly isOff: boolean;
  #isNeeded = false;
  #isForbidden = false;
  #wasReported = false;
  /** The server has confirmed a write that created the attrs, but not sent them yet. */
  #hasMadeAttrs = false;
  #attrFailures = 0;
  /** Confirmed writes whose receipts still exist at the server, and when each may be deleted, by the wall clock: the record outlives the page. */
  #removable = new Map<string, number>();
  /** Writes whose confirmation is stored: the others are sent again if the page ends now. */
  #stored = new Set<string>();
  /** Write → the receipts it deletes. */
  readonly #deletedBy = new Map<string, readonly string[]>();
  /** Writes sent with a receipt, and writes that must not have one. */
  readonly #covered = new Set<string>();
  readonly #uncovered = new Set<string>();
  /** Rejected writes that an earlier attempt may have applied, with the reason of the rejection. */
  readonly #claims = new Map<string, InstantAPIError>();
  /** Writes that are applied according to their receipts, while the server is asked for their position. */
  readonly #located = new Set<string>();

  /** @param isOff no receipts; otherwise they are used at servers that do not deduplicate transactions */
  constructor(appId: string, isOff: boolean) {
    this.#attrs = receiptAttrs(appId);
    this.isOff = isOff;
  }

  get isInUse(): boolean {
    return this.#isNeeded && !this.#isForbidden;
  }

  onSessionOpen(capabilities: ServerCapabilities): void {
    this.#isNeeded = !this.isOff && !capabilities['deduplicates-transactions'];
    this.#isForbidden = false;
    this.#hasMadeAttrs = false;
    this.#uncovered.clear();
  }

  /** Adds a receipt under a new entity id to the message. The attrs come first, because the original executes steps grouped by kind. */
  cover(message: Transact, attrs: Attrs, random: Random, dateMs: number): Transact {
    const eventId = message['client-event-id'] ?? '';
    if (!this.isInUse || this.#uncovered.has(eventId) || !isUsable(attrs)) return message;
    this.#covered.add(eventId);
    // Another tab was told that it is in place, and has let go of it.
    if (this.#removable.has(eventId)) this.#located.add(eventId);
    if (this.#located.has(eventId)) return { ...message, 'tx-steps': [] };
    // The claim may have been confirmed although the write was not: the write itself must not be sent again.
    if (this.#claims.has(eventId)) return this.#claimMessage(eventId, attrs);
    const { add, data } = this.#steps(eventId, attrs, random.uuid(), this.#deletions(eventId, dateMs));
    return { ...message, 'tx-steps': [...add, ...message['tx-steps'], ...data] };
  }

  /** What the rejection of a write with a receipt reveals about the receipt. */
  read(eventId: string, { type, hint }: RejectionBody, steps: readonly Step[]): ReceiptVerdict {
    if (!this.#covered.has(eventId) || !type) return undefined;
    if (this.#located.has(eventId)) return 'applied';
    const fields = isObject(hint) ? hint : {};
    const isOurs = fields['etype'] === receiptEtype;
    if (type === 'record-not-unique' && isOurs && fields['record-type'] === 'triple' && fields['label'] === receiptLabel) return 'applied';
    const isAttrFault = (type === 'record-not-unique' && isOurs) || (type === 'sql-raise' && this.#isNamed(hint));
    if (isAttrFault) return ++this.#attrFailures <= 3 ? 'unknown-attrs' : 'forbidden';
    return type === 'permission-denied' && isDenied(fields['input'], steps) ? 'forbidden' : undefined;
  }

  /** Sends this write without a receipt, and all others of the session if only the receipt was rejected. Returns whether that is new. */
  forbid(eventId: string, steps: readonly Step[]): boolean {
    this.#covered.delete(eventId);
    this.#uncovered.add(eventId);
    if (steps.some(([op]) => op === 'add-attr')) return false;
    this.#isForbidden = true;
    const isNews = !this.#wasReported;
    this.#wasReported = true;
    return isNews;
  }

  forgetAttrs(): void {
    this.#hasMadeAttrs = false;
  }

  /** The write is applied. Its receipt may be deleted once no repetition of it can be on its way. */
  acknowledge({ eventId, sends, owner }: Mutation, dateMs: number): KeyValueOp[] {
    this.#claims.delete(eventId);
    this.#located.delete(eventId);
    if (!this.#covered.delete(eventId)) return [];
    this.#hasMadeAttrs = true;
    this.#attrFailures = 0;
    for (const other of this.#deletedBy.get(eventId) ?? []) {
      this.#removable.delete(other);
      this.#stored.delete(other);
    }
    this.#deletedBy.delete(eventId);
    this.#removable.set(eventId, sends > 1 ? dateMs + keepRepeatedMs : 0);
    return [{ put: receiptsKey(owner), value: [...this.#removable] }];
  }

  /** The write left the outbox without being applied. */
  forget(eventId: string): void {
    this.#covered.delete(eventId);
    this.#claims.delete(eventId);
    this.#located.delete(eventId);
    this.#deletedBy.delete(eventId);
  }

  /**
   * Asks for a position that is not before the write's, which is applied: that of a transaction that changes nothing, under the event id of the
   * write. Undefined if it was asked for already.
   */
  locate(eventId: string): Transact | undefined {
    if (!this.#covered.has(eventId) || this.#located.has(eventId)) return undefined;
    this.#claims.delete(eventId);
    this.#located.add(eventId);
    return { op: 'transact', 'client-event-id': eventId, 'tx-steps': [] };
  }

  isLocated(eventId: string): boolean {
    return this.#located.has(eventId);
  }

  /** The record is stored, and with it the confirmation of these writes. */
  onPersisted(record: unknown): void {
    for (const [eventId] of entriesOf(record)) if (this.#removable.has(eventId)) this.#stored.add(eventId);
  }

  load(record: unknown): void {
    this.#removable = new Map(entriesOf(record));
    this.#stored = new Set(this.#removable.keys());
    this.#deletedBy.clear();
  }

  /**
   * Asks whether an earlier attempt of a rejected write was applied, by a transaction that creates only its receipt (a claim). If the
   * server accepts it, the write was not applied, and no attempt still on its way will be. The claim's entity is the same each time, so
   * that a claim without a response can be repeated.
   */
  claim(eventId: string, error: InstantAPIError, attrs: Attrs): Transact | undefined {
    if (!this.isInUse || !this.#covered.has(eventId)) return undefined;
    this.#claims.set(eventId, error);
    return this.#claimMessage(eventId, attrs);
  }

  /** A claim of an earlier start whose response is unknown. */
  resumeClaim(eventId: string, error: InstantAPIError): void {
    this.#claims.set(eventId, error);
  }

  /** The write that a response with this id is about, and why it was rejected. */
  claimOf(claimId: string): { readonly eventId: string; readonly error: InstantAPIError } | undefined {
    const eventId = claimId.startsWith(claimPrefix) ? claimId.slice(claimPrefix.length) : '';
    const error = this.#claims.get(eventId);
    return error && { eventId, error };
  }

  #claimMessage(eventId: string, attrs: Attrs): Transact {
    const { add, data } = this.#steps(eventId, attrs, derivedUuid(eventId, claimSalt), []);
    return { op: 'transact', 'client-event-id': `${claimPrefix}${eventId}`, 'tx-steps': [...add, ...data] };
  }

  #steps(eventId: string, attrs: Attrs, receipt: string, deletions: readonly string[]): { readonly add: AddAttr[]; readonly data: Step[] } {
    const known = (attr: WireAttr): { readonly id: string } => attrs.forward(receiptEtype, attr['forward-identity'][2]) ?? attr;
    const [id, event] = [known(this.#attrs[0]), known(this.#attrs[1])];
    // The server may have the attrs already: adding the same attr under the same id has no effect.
    const missing = this.#hasMadeAttrs ? [] : this.#attrs.filter((attr) => attr.id === id.id || attr.id === event.id);
    return {
      add: missing.filter((attr) => attrs.byId(attr.id)?.isUnsynced ?? true).map((attr) => ['add-attr', attr]),
      data: [
        ...deletions.map((other): Step => ['delete-entity', [event.id, valueOf(other)], receiptEtype]),
        ['add-triple', receipt, id.id, receipt],
        ['add-triple', receipt, event.id, valueOf(eventId)],
      ],
    };
  }

  #deletions(eventId: string, dateMs: number): readonly string[] {
    this.#deletedBy.delete(eventId);
    const taken = new Set([...this.#deletedBy.values()].flat());
    const free = [...this.#removable].flatMap(([other, fromMs]) =>
      fromMs <= dateMs && this.#stored.has(other) && !taken.has(other) ? other : [],
    );
    const deletions = free.slice(0, maxDeletions);
    this.#deletedBy.set(eventId, deletions);
    return deletions;
  }

  #isNamed(hint: unknown): boolean {
    const text = String(JSON.stringify(hint));
    return this.#attrs.some(({ id }) => text.includes(id));
  }
}

function entriesOf(record: unknown): [eventId: string, fromMs: number][] {
  return (Array.isArray(record) ? record : []).filter(
    (entry): entry is [string, number] => Array.isArray(entry) && typeof entry[0] === 'string' && typeof entry[1] === 'number',
  );
}

/** Whether the server would reject a second receipt of the same write. */
function isUsable(attrs: Attrs): boolean {
  return attrs.forward(receiptEtype, receiptLabel)?.isUnique ?? true;
}

/** Prefixed, because the original ignores lookups by UUID-like values in deletions. */
function valueOf(eventId: string): string {
  return `write/${eventId}`;
}

/** A denied attr may be one of the write's own: then the next response decides. */
function isDenied(input: unknown, steps: readonly Step[]): boolean {
  const denied: unknown = Array.isArray(input) ? input[0] : undefined;
  return denied === receiptEtype || (denied === 'attrs' && steps.length > 0);
}

/** Equal for every client of an app and different for every app: the original has one id space of attrs for all apps. */
export function receiptAttrs(appId: string): readonly [id: WireAttr, event: WireAttr] {
  const attr = (label: string, attrSalt: string, nameSalt: string): WireAttr => ({
    id: derivedUuid(appId, attrSalt),
    'forward-identity': [derivedUuid(appId, nameSalt), receiptEtype, label],
    'value-type': 'blob',
    cardinality: 'one',
    'unique?': true,
    'index?': true,
    ...(label !== 'id' && { 'checked-data-type': 'string' }),
  });
  return [
    attr('id', '5d0c71aa-39e2-4f60-8b1e-c2a94e0f7d13', '9be4f217-60ad-4c35-a7d2-18f3c65b90e4'),
    attr(receiptLabel, 'c7a83e54-12bf-4d09-93f6-7e50a1d8b42c', '2f96d0b8-e741-4a5c-b80f-d34c19a7652e'),
  ];
}
