// An app with rules, two users and an admin, as the rules tests drive it.

import type { TestPeer } from '../bench.ts';
import { appId, bench, type Bench } from '../bench.ts';
import type { App } from '../../../src/server/session/app.ts';
import { submit } from '../../../src/server/data/submit.ts';

export const ann = '0b000000-0000-4000-8000-000000000001';
export const bob = '0b000000-0000-4000-8000-000000000002';
export const tokens = { ann: 'f0000000-0000-4000-8000-000000000001', bob: 'f0000000-0000-4000-8000-000000000002' } as const;

let made = 0;
/** Ids that sort as they were made. */
export const newId = (): string => `e0000000-0000-4000-8000-${String(++made).padStart(12, '0')}`;

export interface Kit {
  readonly bench: Bench;
  readonly app: App;
  readonly ann: TestPeer;
  readonly bob: TestPeer;
  readonly guest: TestPeer;
  readonly admin: TestPeer;
  /** The id of an attr; made if there is none. A link goes to `far`. */
  attr(etype: string, label: string, far?: readonly [etype: string, label: string], more?: object): Promise<string>;
  rules(given: unknown): Promise<unknown>;
  write(peer: TestPeer, ...steps: unknown[][]): Promise<unknown>;
  ids(peer: TestPeer, etype: string, options?: object): Promise<string[]>;
}

export async function kit(rules?: unknown): Promise<Kit> {
  const held = bench();
  const admin = await held.open({ '__admin-token': 'ad000000-0000-4000-8000-000000000001' });
  const app = await held.hub.app(appId);
  const server = { userId: undefined, isAdmin: true, isServer: true };
  const user = app.ledger.db.attrs.idAttr('$users')!.id;
  const email = app.ledger.db.attrs.forward('$users', 'email')!.id;
  const steps = [ann, bob].flatMap((id, at) => [
    ['add-triple', id, user, id],
    ['add-triple', id, email, `${at === 0 ? 'ann' : 'bob'}@example.com`],
  ]);
  await submit(app.ledger, { steps, event: undefined, actor: server });
  const self: Kit = {
    bench: held,
    app,
    admin,
    ann: await held.open({ 'refresh-token': tokens.ann }),
    bob: await held.open({ 'refresh-token': tokens.bob }),
    guest: await held.open(),
    async attr(etype, label, far, more = {}) {
      const known = app.ledger.db.attrs.forward(etype, label);
      if (known) return known.id;
      const wire = {
        id: newId(),
        'forward-identity': [newId(), etype, label],
        ...(far && { 'reverse-identity': [newId(), ...far] }),
        'value-type': far ? 'ref' : 'blob',
        cardinality: far ? 'many' : 'one',
        'unique?': label === 'id',
        'index?': false,
        ...more,
      };
      await submit(app.ledger, { steps: [['add-attr', wire]], event: undefined, actor: server });
      return wire.id;
    },
    rules: (given) => app.rulebook.set(app.ledger, given ?? null),
    async write(peer, ...given) {
      const received = await peer.request({ op: 'transact', 'tx-steps': given });
      return received.find(({ op }) => op === 'transact-ok' || op === 'error');
    },
    async ids(peer, etype, options = {}) {
      const { result } = (await peer.response('add-query-ok', {
        op: 'add-query',
        q: { [etype]: { $: options } },
        'return-type': 'tree',
      })) as {
        result: Record<string, { id: string }[]>;
      };
      peer.send({ op: 'remove-query', q: { [etype]: { $: options } } });
      return result[etype]!.map(({ id }) => id);
    },
  };
  for (const etype of ['notes', 'teams']) await self.attr(etype, 'id');
  if (rules !== undefined) await self.rules(rules);
  return self;
}
