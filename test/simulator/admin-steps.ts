// What an admin does beside the clients: it changes the schema, and makes what refused writes needed.

import { submit } from '../../src/server/data/submit.ts';
import type { World } from './world.ts';

/** An admin makes an attribute that clients may be about to make, or changes one. */
export function changeSchema({ server, random }: World): string | undefined {
  const [etype, label] = random.pick([['marks', 'number'], ['marks', 'note'], ['registers', 'value']] as const) ?? ['', '']; // prettier-ignore
  if (!server.isUp) return undefined;
  const isIndexed = random.chance(0.5);
  const attr = { id: random.uuid(), 'forward-identity': [random.uuid(), etype, label], 'value-type': 'blob', cardinality: 'one', 'unique?': false, 'index?': false }; // prettier-ignore
  const change = async (): Promise<void> => {
    const { ledger } = await server.app();
    const known = ledger.db.attrs.forward(etype, label);
    const step = known ? ['update-attr', { id: known.id, 'index?': isIndexed }] : ['add-attr', attr];
    await submit(ledger, { steps: [step], event: undefined, actor: { userId: undefined, isAdmin: true } });
  };
  // Not awaited: it takes virtual time.
  change().catch(() => {});
  return `an admin makes or changes ${etype}.${label}`;
}

/** What a refused write needed is there from now on: if it is sent again, it is refused all the same. */
export function makeMissing(world: World): string | undefined {
  const { server, random, history, traffic } = world;
  const refused = [...history.writes.values()].filter(({ eventId }) => eventId !== undefined && traffic.refused.has(eventId));
  const write = random.pick(refused);
  const missing = write && world.missing.get(write.id);
  if (!missing || !server.isUp) return undefined;
  const change = async (): Promise<void> => {
    const { ledger } = await server.app();
    const idAttr = ledger.db.attrs.forward('registers', 'id')?.id;
    await submit(ledger, {
      steps: [['add-triple', missing, idAttr, missing]],
      event: undefined,
      actor: { userId: undefined, isAdmin: true },
    });
  };
  change().catch(() => {});
  history.mended.add(write.id);
  return `an admin makes what write ${write.seq} needed`;
}
