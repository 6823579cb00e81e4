// Random transactions on a random app: entities made, changed, linked, deleted, by id and by lookup, in every mode; and
// changes of the catalogue itself.

import fc, { type Arbitrary } from 'fast-check';
import type { EntityRef, Step } from '../../src/protocol/transact-messages.ts';
import { blobArb, blobsOf, idArb, idAttr, linkArb, valueOf, type World } from './generate.ts';

const modeArb = fc.constantFrom(undefined, undefined, 'create' as const, 'update' as const);

function refArb(world: World, etype: string): Arbitrary<EntityRef> {
  const unique = world.attrs.filter(
    (attr) => attr['unique?'] && attr['forward-identity'][1] === etype && attr['forward-identity'][2] !== 'id',
  );
  if (unique.length === 0) return idArb;
  const lookup = fc
    .constantFrom(...unique)
    .chain((attr) =>
      fc.tuple(
        fc.constant(attr.id),
        attr['value-type'] === 'ref' ? idArb : valueOf(attr['checked-data-type']).filter((value) => typeof value !== 'object'),
      ),
    );
  return fc.oneof({ weight: 6, arbitrary: idArb }, { weight: 1, arbitrary: lookup });
}

function blobStepArb(world: World, etype: string, e: EntityRef, mode: 'create' | 'update' | undefined): Arbitrary<Step> {
  const options = mode ? [{ mode }] : [];
  return fc.constantFrom(...blobsOf(world, etype)).chain((attr): Arbitrary<Step> => {
    if (attr['forward-identity'][2] === 'id') return fc.constant(['add-triple', e, attr.id, e, ...options] as unknown as Step);
    const values = fc.oneof({ weight: 5, arbitrary: valueOf(attr['checked-data-type']) }, { weight: 1, arbitrary: fc.constant(null) });
    const op = attr['checked-data-type'] ? fc.constant('add-triple') : fc.constantFrom('add-triple', 'deep-merge-triple');
    return fc.tuple(op, values).map(([name, value]) => [name, e, attr.id, value, ...options] as unknown as Step);
  });
}

/** Create or change one entity. */
function writeArb(world: World): Arbitrary<Step[]> {
  return fc.constantFrom(...world.etypes).chain((etype) =>
    fc.tuple(refArb(world, etype), modeArb).chain(([e, mode]) => {
      const creation = ['add-triple', e, idAttr(etype).id, e, ...(mode ? [{ mode }] : [])] as unknown as Step;
      return fc.array(blobStepArb(world, etype, e, mode), { maxLength: 3 }).map((steps) => [creation, ...steps]);
    }),
  );
}

function linkStepArb(world: World): Arbitrary<Step[]> {
  const links = world.attrs.filter((attr) => attr['value-type'] === 'ref');
  return fc.constantFrom(...links).chain((attr) => {
    const [, from] = attr['forward-identity'];
    const to = attr['reverse-identity']?.[1] ?? from;
    const op = fc.constantFrom('add-triple', 'add-triple', 'retract-triple');
    return fc.tuple(op, refArb(world, from), refArb(world, to)).map(([name, e, v]) => [[name, e, attr.id, v] as unknown as Step]);
  });
}

const deleteArb = (world: World): Arbitrary<Step[]> =>
  fc
    .constantFrom(...world.etypes)
    .chain((etype) =>
      fc
        .tuple(refArb(world, etype), fc.constantFrom(true, true, true, false))
        .map(([e, isNamed]) => [(isNamed ? ['delete-entity', e, etype] : ['delete-entity', e]) as Step]),
    );

function retractArb(world: World): Arbitrary<Step[]> {
  const blobs = world.attrs.filter((attr) => attr['value-type'] === 'blob');
  return fc
    .constantFrom(...blobs)
    .chain((attr) =>
      idArb.chain((e) =>
        (attr['forward-identity'][2] === 'id' ? fc.constant(e) : valueOf(attr['checked-data-type'])).map((v): Step[] => [
          ['retract-triple', e, attr.id, v],
        ]),
      ),
    );
}

/** A change of the catalogue: a new attr or link, another name, one less. */
export function attrStepArb(world: World): Arbitrary<Step> {
  const etype = fc.constantFrom(...world.etypes, 'tents');
  const blob = etype.chain((of) => fc.oneof(blobArb(of, 'new'), fc.constant(idAttr(of))));
  const known = fc.constantFrom(...world.attrs);
  const rename = known
    .filter((attr) => attr['forward-identity'][2] !== 'id')
    .map((attr): Step => {
      const [identId, of, label] = attr['forward-identity'];
      return ['update-attr', { id: attr.id, 'forward-identity': [identId, of, `renamed-${label}`] }];
    });
  const places = fc.tuple(etype, etype);
  return fc.oneof(
    blob.map((attr): Step => ['add-attr', attr]),
    places.chain(([from, to]) => linkArb([from], `-${from}-${to}`, [to])).map((attr): Step => ['add-attr', attr]),
    rename,
    known.map((attr): Step => ['delete-attr', attr.id]),
  );
}

export function stepsArb(world: World): Arbitrary<Step[]> {
  const one = fc.oneof(
    { weight: 5, arbitrary: writeArb(world) },
    { weight: 3, arbitrary: linkStepArb(world) },
    { weight: 2, arbitrary: deleteArb(world) },
    { weight: 1, arbitrary: retractArb(world) },
    { weight: 1, arbitrary: fc.constant<Step[]>([['rule-params', 'e1', 'acts', {}]]) },
  );
  const data = fc.array(one, { minLength: 1, maxLength: 3 }).map((lists) => lists.flat());
  const attrSteps = fc.oneof(
    { weight: 20, arbitrary: fc.constant<Step[]>([]) },
    { weight: 1, arbitrary: attrStepArb(world).map((step) => [step]) },
  );
  return fc.tuple(attrSteps, data).map((lists) => lists.flat());
}
