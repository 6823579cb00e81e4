// Schema steps of a transaction: creates, changes, deletes and restores attrs, each checked against the catalog. Data is read only to check
// whether it satisfies a new constraint. Changing, deleting or restoring an attr that does not exist has no effect, so that a program may
// repeat the step.

import type { Attrs, KnownAttr } from '../../db/attrs.ts';
import { AttrsDraft } from '../../db/attrs-draft.ts';
import type { Db } from '../../db/db.ts';
import { equal } from '../../lib/equal.ts';
import { type Identity, readAttr, type WireAttr } from '../../protocol/attr.ts';
import type { AttrStep, Step } from '../../protocol/transact-messages.ts';
import { denied, invalid, raised, rejection } from '../errors.ts';
import { sliceSteps } from '../slices.ts';
import { recordNamespaces } from './record-attrs.ts';
import { isSystemEtype, openNamespaces } from './system-attrs.ts';
import type { Actor } from './system-rules.ts';

export interface AttrCatalog {
  readonly attrs: Attrs;
  /** Deleted attrs. Their triples are kept so that they can be restored. */
  readonly deleted: ReadonlyMap<string, WireAttr>;
}

export interface AttrCatalogChange extends AttrCatalog {
  /** Attrs with constraints that existing data must be adapted to, or may violate. */
  readonly constrained: readonly KnownAttr[];
  /** Attrs that no existing data has. */
  readonly made: readonly KnownAttr[];
  readonly put: readonly WireAttr[];
  readonly removed: readonly string[];
  /** A new attr has a name of the system. Faults of the data steps are told before. */
  readonly misnamed: Error | undefined;
}

export function isAttrStep(step: Step): step is AttrStep {
  return step[0] === 'add-attr' || step[0] === 'update-attr' || step[0] === 'delete-attr' || step[0] === 'restore-attr';
}

/** A generator: yields where others can be served. @throws InstantAPIError */
export function* applyAttrSteps(
  db: Db,
  { attrs, deleted }: AttrCatalog,
  steps: readonly AttrStep[],
  actor: Actor,
): Generator<void, AttrCatalogChange> {
  const work = new CatalogEdit(db, attrs, deleted);
  for (const [at, step] of steps.entries()) {
    if (at % sliceSteps === sliceSteps - 1) yield;
    if (step[0] !== 'add-attr' && !actor.isAdmin) throw denied('attrs', 'only admins may change attrs');
    if (step[0] === 'add-attr') work.add(step[1]);
    else if (step[0] === 'update-attr') work.update(step[1]);
    else if (step[0] === 'delete-attr') work.delete(step[1]);
    else work.restore(step[1]);
  }
  return work.change();
}

class CatalogEdit {
  readonly #db: Db;
  readonly #before: Attrs;
  readonly #attrs: AttrsDraft;
  readonly #deleted: Map<string, WireAttr>;
  readonly #put = new Set<string>();
  readonly #made = new Set<string>();
  readonly #removed = new Set<string>();
  #misnamed: Error | undefined;
  /** The same, for the id of a namespace that the server keeps: every write has its step. */
  #misnamedId: Error | undefined;

  constructor(db: Db, attrs: Attrs, deleted: ReadonlyMap<string, WireAttr>) {
    this.#db = db;
    this.#before = attrs;
    this.#attrs = new AttrsDraft(attrs);
    this.#deleted = new Map(deleted);
  }

  change(): AttrCatalogChange {
    const put = [...this.#put];
    const attrs = this.#attrs.result();
    return {
      attrs,
      deleted: this.#deleted,
      constrained: put.flatMap((id) => (this.#made.has(id) ? [] : (attrs.byId(id) ?? []))),
      made: put.flatMap((id) => (this.#made.has(id) ? (attrs.byId(id) ?? []) : [])),
      put: put.flatMap((id) => attrs.byId(id)?.wire ?? this.#deleted.get(id) ?? []),
      removed: [...this.#removed],
      misnamed: this.#misnamed ?? this.#misnamedId,
    };
  }

  add(wire: WireAttr): void {
    const [, etype, label] = wire['forward-identity'];
    if (label === 'id' && recordNamespaces.has(etype)) this.#misnamedId ??= misnamed(wire);
    else this.#misnamed ??= misnamed(wire);
    const known = this.#attrs.byId(wire.id);
    if (known?.isSystem) throw invalid('attributes', asSaid(wire), [{ message: `'${nameOf(wire)}' belongs to the system, and is there` }]);
    // Whoever makes it again makes the same, whatever has been changed since.
    if (known && equal(known.wire['forward-identity'], wire['forward-identity'])) {
      if (this.#put.has(wire.id) && !equal(known.wire, wire)) throw raised(`The attribute '${nameOf(wire)}' is made twice, in two ways`);
      return;
    }
    if (known && nameOf(known.wire) === nameOf(wire)) throw nameTaken('ident', known.etype, known.label);
    if (known || this.#deleted.has(wire.id)) {
      throw raised(`There is another attribute with the id ${wire.id}`);
    }
    this.#checkFree(wire);
    if (wire['required?'] && this.#hasRows(wire['forward-identity'][1])) {
      throw invalid('attributes', asSaid(wire), [{ message: `'${nameOf(wire)}' cannot be required: there are entities without it` }]);
    }
    this.#enter(wire);
    this.#made.add(wire.id);
  }

  update(changes: Partial<WireAttr> & Pick<WireAttr, 'id'>): void {
    const known = this.#attrs.byId(changes.id);
    if (!known) return;
    if (known.isSystem) throw invalid('tx-steps', changes, [{ message: `'${nameOf(known.wire)}' belongs to the system` }]);
    const merged = { ...known.wire, ...changes };
    if (merged['value-type'] !== known.wire['value-type']) {
      throw invalid('tx-steps', changes, [{ message: `'${nameOf(known.wire)}' is a ${known.wire['value-type']} and stays one` }]);
    }
    if (merged['forward-identity'][1] !== known.etype) {
      throw invalid('tx-steps', changes, [{ message: `'${nameOf(known.wire)}' belongs to '${known.etype}' and stays there` }]);
    }
    // Setting a trait to null removes it.
    const wire = Object.fromEntries(Object.entries(merged).filter(([, part]) => part !== undefined)) as unknown as WireAttr;
    const fault = misnamed(wire);
    if (fault) throw fault;
    this.#checkFree(wire, 'attr');
    this.#enter(wire);
  }

  delete(id: string): void {
    const known = this.#attrs.byId(id);
    if (!known) return;
    if (known.isSystem) throw invalid('tx-steps', id, [{ message: `'${nameOf(known.wire)}' belongs to the system` }]);
    this.#attrs.delete(id);
    this.#made.delete(id);
    this.#deleted.set(id, known.wire);
    this.#removed.add(id);
  }

  restore(id: string): void {
    const wire = this.#deleted.get(id);
    if (!wire) return;
    this.#checkFree(wire, 'attr');
    this.#deleted.delete(id);
    this.#removed.delete(id);
    this.#enter({ metadata: {}, ...wire, 'index?': false, 'required?': false });
  }

  #enter(wire: WireAttr): void {
    this.#attrs.put(readAttr(wire));
    this.#put.add(wire.id);
  }

  #hasRows(etype: string): boolean {
    const idAttr = this.#before.idAttr(etype);
    if (!idAttr || !this.#attrs.byId(idAttr.id)) return false;
    for (const row of this.#db.rows(etype)) if (row.exists(idAttr)) return true;
    return false;
  }

  /** Neither of its names may be taken. `recordType`: the name used in a rejection. */
  #checkFree(wire: WireAttr, recordType: 'attr' | 'ident' = 'ident'): void {
    for (const identity of [wire['forward-identity'], wire['reverse-identity']]) {
      if (!identity) continue;
      const [, etype, label] = identity;
      const holders = [this.#attrs.forward(etype, label), this.#attrs.reverse(etype, label)];
      if (holders.some((attr) => attr && attr.id !== wire.id)) throw nameTaken(recordType, etype, label);
    }
    const [forward, reverse] = [wire['forward-identity'], wire['reverse-identity']];
    if (reverse && forward[1] === reverse[1] && forward[2] === reverse[2]) throw nameTaken(recordType, forward[1], forward[2]);
  }
}

/** The error for an attr whose name is the system's. */
export function misnamed(wire: WireAttr): Error | undefined {
  const etypes = [wire['forward-identity'], wire['reverse-identity']].flatMap((identity) => identity?.[1] ?? []);
  const closed = etypes.find((etype) => isSystemEtype(etype) && !openNamespaces.has(etype));
  const message =
    closed !== undefined
      ? `namespaces that begin with $ belong to the system: '${closed}'`
      : wire['required?'] && isSystemEtype(wire['forward-identity'][1])
        ? `'${nameOf(wire)}' cannot be required: its namespace belongs to the system`
        : undefined;
  return message === undefined ? undefined : invalid('attributes', asSaid(wire), [{ message }]);
}

/** The attr without fields added by the server. */
function asSaid({ catalog: _, 'inferred-types': __, 'required?': isRequired, ...said }: WireAttr): object {
  return { ...said, ...(isRequired && { 'required?': true }) };
}

const nameOf = (wire: WireAttr): string => nameIn(wire['forward-identity']);
const nameIn = ([, etype, label]: Identity): string => `${etype}.${label}`;

function nameTaken(recordType: 'attr' | 'ident', etype: string, label: string): Error {
  const hint = { 'record-type': recordType, ...(recordType === 'ident' && { etype, label }) };
  return rejection('record-not-unique', `\`${label}\` already exists on \`${etype}\``, hint);
}
