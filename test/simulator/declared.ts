// The schema of an app that was pushed before anybody opens it: no client makes an attribute.

import { submit } from '../../src/server/data/submit.ts';
import type { SeededRandom } from '../../src/testing/virtual/seeded-random.ts';
import type { VirtualServer } from '../../src/testing/virtual/server.ts';

const fields: Readonly<Record<string, readonly string[]>> = {
  marks: ['id', 'number', 'note', ...[1, 2, 3, 4, 5, 6].map((at) => `extra${at}`)],
  registers: ['id', 'value'],
};

/** Takes virtual time. */
export async function declareFields(server: VirtualServer, random: SeededRandom): Promise<void> {
  const { ledger } = await server.app();
  const steps = Object.entries(fields).flatMap(([etype, labels]) =>
    labels.map((label) => {
      const isId = label === 'id';
      const kind = { 'value-type': 'blob', cardinality: 'one', 'unique?': isId, 'index?': false };
      return ['add-attr', { id: random.uuid(), 'forward-identity': [random.uuid(), etype, label], ...kind }];
    }),
  );
  await submit(ledger, { steps, event: undefined, actor: { userId: undefined, isAdmin: true } });
}
