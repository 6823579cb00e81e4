// The effect of transaction steps said a second time, on a plain list of triples. See naive.ts.

import { isDeepStrictEqual } from 'node:util';
import type { WireAttr } from '../../src/protocol/attr.ts';
import type { EntityRef, Step } from '../../src/protocol/transact-messages.ts';
import type { Triple } from '../../src/protocol/triple.ts';
import { attrOf, exists, type Triples } from './naive.ts';

type DataStep = Exclude<Step, readonly ['add-attr' | 'update-attr' | 'delete-attr' | 'restore-attr', ...unknown[]]>;

/** `time` is asked for the time of each new triple. */
export function apply(before: Triples, steps: readonly Step[], time: () => number): Triples {
  const attrs = steps.reduce(attrsAfter, before.attrs);
  const start = { attrs, triples: before.triples };
  const data = steps.filter((step): step is DataStep => !step[0].endsWith('-attr'));
  return data.filter((step) => isWanted(start, step)).reduce((triples, step) => after(triples, step, time), start);
}

function attrsAfter(attrs: readonly WireAttr[], step: Step): readonly WireAttr[] {
  const set = (attr: WireAttr): readonly WireAttr[] =>
    attrs.some(({ id }) => id === attr.id) ? attrs.map((known) => (known.id === attr.id ? attr : known)) : [...attrs, attr];
  if (step[0] === 'add-attr') return set(step[1]);
  if (step[0] === 'delete-attr') return attrs.filter(({ id }) => id !== step[1]);
  const known = step[0] === 'update-attr' ? attrs.find(({ id }) => id === step[1].id) : undefined;
  return known && step[0] === 'update-attr' ? set({ ...known, ...step[1] }) : attrs;
}

/** `create` wants no such entity, `update` one, in the state before the transaction. */
function isWanted(triples: Triples, step: DataStep): boolean {
  const mode = step[0] === 'add-triple' || step[0] === 'deep-merge-triple' ? step[4]?.mode : undefined;
  if (mode !== 'create' && mode !== 'update') return true;
  const attr = triples.attrs.find(({ id }) => id === step[2]);
  if (!attr) return false;
  const id = resolve(triples, step[1]);
  return (id !== undefined && exists(triples, attr['forward-identity'][1], id)) === (mode === 'update');
}

function after(facts: Triples, step: DataStep, time: () => number): Triples {
  const id = resolve(facts, step[1]);
  if (id === undefined || step[0] === 'rule-params') return facts;
  if (step[0] === 'delete-entity') return without(facts, id, step[2]);
  const attr = facts.attrs.find((known) => known.id === step[2]);
  if (!attr) return facts;
  const isRef = attr['value-type'] === 'ref';
  const value = isRef ? resolve(facts, step[3] as EntityRef) : step[3];
  if (isRef && value === undefined) return facts;
  const { attrs, triples } = facts;
  const isSame = ([e, a, v]: Triple): boolean => e === id && a === attr.id && v === value;
  // A value that is said again says the same, though it be another object.
  const isRetracted = ([e, a, v]: Triple): boolean => e === id && a === attr.id && isDeepStrictEqual(v, value);
  if (step[0] === 'retract-triple') return { attrs, triples: triples.filter((triple) => !isRetracted(triple)) };
  const held = triples.find(([e, a]) => e === id && a === attr.id);
  if (step[0] === 'deep-merge-triple' && held) return put(facts, held, [id, attr.id, merge(held[2], value), held[3]]);
  const isId = attr === attrOf(facts, attr['forward-identity'][1], 'id');
  const added: Triple = [id, attr.id, isId ? id : value, time()];
  if (triples.some((triple) => isSame(triple) || (isId && held === triple))) return facts;
  return attr.cardinality === 'one' ? put(facts, held, added) : put(facts, undefined, added);
}

function put({ attrs, triples }: Triples, old: Triple | undefined, added: Triple): Triples {
  return { attrs, triples: [...triples.filter((triple) => triple !== old), added] };
}

function merge(current: unknown, patch: unknown): unknown {
  const isPlain = (value: unknown): value is Record<string, unknown> =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isPlain(current) || !isPlain(patch)) return patch;
  const merged = { ...current };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else if (value !== undefined) merged[key] = isPlain(merged[key]) && isPlain(value) ? merge(merged[key], value) : value;
  }
  return merged;
}

/** With the entity go those that a cascading link takes along, and every link that points at any of them. */
function without(triples: Triples, id: string, etype: string | undefined): Triples {
  const deleted = new Set<string>();
  const isDeleted = (of: string | undefined, entity: unknown): boolean => of !== undefined && deleted.has(`${of}/${String(entity)}`);
  const known = new Map(triples.attrs.map((attr) => [attr.id, attr]));
  const ends = triples.triples.flatMap((triple) => {
    const attr = known.get(triple[1]);
    return attr ? [{ attr, triple, from: attr['forward-identity'][1], to: attr['reverse-identity']?.[1] }] : [];
  });
  if (etype !== undefined) deleted.add(`${etype}/${id}`);
  else
    for (const { triple, from, to } of ends) {
      if (triple[0] === id) deleted.add(`${from}/${id}`);
      if (to !== undefined && triple[2] === id) deleted.add(`${to}/${id}`);
    }
  for (let size = -1; size !== deleted.size;) {
    size = deleted.size;
    for (const { attr, triple, from, to } of ends) {
      if (attr['on-delete-reverse'] && isDeleted(from, triple[0])) deleted.add(`${String(to)}/${String(triple[2])}`);
      if (attr['on-delete'] && isDeleted(to, triple[2])) deleted.add(`${from}/${triple[0]}`);
    }
  }
  const gone = new Set(
    ends.filter(({ triple, from, to }) => isDeleted(from, triple[0]) || isDeleted(to, triple[2])).map(({ triple }) => triple),
  );
  return { attrs: triples.attrs, triples: triples.triples.filter((triple) => !gone.has(triple)) };
}

/** Of several that a lookup fits, the one with the lowest id. */
function resolve(triples: Triples, ref: EntityRef): string | undefined {
  if (typeof ref === 'string') return ref;
  const attr = triples.attrs.find(({ id }) => id === ref[0]);
  const fits = triples.triples.filter(([, a, v]) => attr !== undefined && a === attr.id && v === ref[1]);
  return fits.map(([e]) => e).sort()[0];
}
