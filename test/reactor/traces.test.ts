// Random lives of a Reactor: lost confirmations, lost and dead lines, answers out of order, servers that fail, refusals,
// kills of the page. `TRIPLANE_RUNS=10x TRIPLANE_SEED=7 npx vitest run test/reactor/traces.test.ts`

import fc from 'fast-check';
import { test } from 'vitest';
import { checkAsync, patience } from '../support/runs.ts';
import { World, type WorldStep } from './world.ts';

const title = fc.constantFrom('a', 'b', 'c', 'bad');
const lane = fc.nat(3);
const at = fc.nat(5);
const done = fc.boolean();

const steps: Record<string, [weight: number, step: fc.Arbitrary<WorldStep>]> = {
  create: [5, fc.record({ do: fc.constant('create'), at, title, done })],
  update: [6, fc.record({ do: fc.constant('update'), at, title, done })],
  delete: [1, fc.record({ do: fc.constant('delete'), at, title, done })],
  listen: [3, fc.record({ do: fc.constant('listen'), query: fc.nat(1) })],
  unlisten: [1, fc.record({ do: fc.constant('unlisten'), query: fc.nat(1) })],
  work: [12, fc.record({ do: fc.constant('work'), lane })],
  deliver: [12, fc.record({ do: fc.constant('deliver'), lane })],
  late: [1, fc.record({ do: fc.constant('late'), lane })],
  others: [3, fc.record({ do: fc.constant('others'), at, title, done })],
  wait: [4, fc.record({ do: fc.constant('wait'), ms: fc.oneof(fc.nat(500), fc.nat(12_000)) })],
  refresh: [6, fc.record({ do: fc.constant('refresh') })],
  drop: [3, fc.record({ do: fc.constant('drop') })],
  'half-open': [1, fc.record({ do: fc.constant('half-open') })],
  offline: [1, fc.record({ do: fc.constant('offline') })],
  online: [1, fc.record({ do: fc.constant('online') })],
  kill: [1, fc.record({ do: fc.constant('kill') })],
};
const fault = fc.record({
  do: fc.constant('mishap' as const),
  mishap: fc.constantFrom('fails' as const, 'fails after commit' as const, 'rate-limited' as const),
});

const stepOf = (more: [number, fc.Arbitrary<WorldStep>][] = []): fc.Arbitrary<WorldStep> =>
  fc.oneof(...[...Object.values(steps), ...more].map(([weight, arbitrary]) => ({ weight, arbitrary })));
const calm = fc.array(stepOf(), { minLength: 5, maxLength: 60, size: 'max' });
const rough = fc.array(stepOf([[3, fault]]), { minLength: 5, maxLength: 60, size: 'max' });

const life = (options: ConstructorParameters<typeof World>[0]) => async (trace: readonly WorldStep[]) => {
  const world = new World(options);
  try {
    await world.take({ do: 'listen', query: 0 });
    for (const step of trace) await world.take(step);
    await world.calm();
    await world.checkQuiet(options.remembers === true);
  } finally {
    world.end();
  }
};

const ours = { remembers: true, promises: { 'refresh-covers-all': true, 'deduplicates-transactions': true } };

test('on a server that deduplicates, no write is lost, applied twice or out of order', () =>
  checkAsync(fc.asyncProperty(calm, life(ours)), 100), patience); // prettier-ignore

test(
  'on a server that deduplicates and sometimes fails, no write is lost, applied twice or out of order',
  () => checkAsync(fc.asyncProperty(rough, life(ours)), 100),
  patience,
);

test('on InstantDB’s server, which does not deduplicate, no write is lost, and the client finally shows the server’s data', () =>
  checkAsync(fc.asyncProperty(rough, life({})), 60), patience); // prettier-ignore
