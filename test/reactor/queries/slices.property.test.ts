// Whether an answer is read in slices or in one go, what is shown afterwards is the same, whatever was written between two slices.

import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { it } from 'vitest';

import { Attrs } from '../../../src/db/attrs.ts';
import { systemRandom } from '../../../src/lib/random.ts';
import type { ServerMessage } from '../../../src/protocol/server-message.ts';
import type { Step } from '../../../src/protocol/transact-messages.ts';
import type { Triple } from '../../../src/protocol/triple.ts';
import { LiveQueries } from '../../../src/reactor/queries/live-queries.ts';
import { isIncluded } from '../../../src/reactor/tx-position.ts';
import { slicedTransport } from '../../../src/reactor/queries/sliced-transport.ts';
import { View } from '../../../src/reactor/queries/view.ts';
import type { Mutation } from '../../../src/reactor/mutations/mutation.ts';
import { dataArb, linkIndexOf, queryArb, type World, worldArb } from '../../oracle/generate.ts';
import { attrStepArb, stepsArb } from '../../oracle/generate-steps.ts';
import { FakeTransport } from '../../support/fake-line.ts';
import { nodes } from '../../support/goals.ts';
import { openQuery } from '../../support/live-queries.ts';
import { checkAsync, patience } from '../../support/runs.ts';
import { plain } from '../../support/vectors.ts';

type Event =
  | { readonly kind: 'write'; readonly steps: readonly Step[] }
  | { readonly kind: 'confirm' | 'refuse'; readonly at: number }
  | { readonly kind: 'attrs'; readonly step: Step }
  | { readonly kind: 'nothing' };

interface Trace {
  readonly world: World;
  readonly query: Record<string, unknown>;
  readonly data: readonly Triple[];
  /** Which of the triples each answer has. */
  readonly answers: readonly number[];
  readonly happenings: readonly Event[];
}

const traceArb = worldArb.chain((world) =>
  fc.record({
    world: fc.constant(world),
    query: queryArb(world),
    data: dataArb(world),
    answers: fc.array(fc.oneof(fc.constantFrom(-1, 0), fc.integer()), { minLength: 1, maxLength: 3 }),
    happenings: fc.array(
      fc.oneof<[fc.WeightedArbitrary<Event>, ...fc.WeightedArbitrary<Event>[]]>(
        { weight: 4, arbitrary: fc.constant({ kind: 'nothing' as const }) },
        { weight: 4, arbitrary: fc.record({ kind: fc.constant('write' as const), steps: stepsArb(world) }) },
        { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('confirm' as const, 'refuse' as const), at: fc.nat(4) }) },
        { weight: 1, arbitrary: fc.record({ kind: fc.constant('attrs' as const), step: attrStepArb(world) }) },
      ),
      { maxLength: 20 },
    ),
  }),
);

async function play({ world, query, data, answers: results, happenings: events }: Trace): Promise<void> {
  let attrs = Attrs.from(world.attrs);
  const links = linkIndexOf(world);
  const queries = new LiveQueries(attrs, { links, now: () => 1000, monotonicNow: () => 1000 });
  const live = openQuery(queries, query, 'q');
  let writes: Mutation[] = [];
  let [txId, count, next] = [1, 0, 0];

  const dispatch = (event: Event): void => {
    const open = writes.filter(({ state }) => state === 'pending');
    if (event.kind === 'write') {
      const write: Mutation = {
        eventId: `w${++count}`,
        order: count,
        steps: event.steps,
        owner: '',
        createdMs: 0,
        state: 'pending',
        sends: 0,
      };
      writes.push(write);
      queries.add(write);
    } else if (event.kind === 'attrs' && event.step[0] === 'add-attr') {
      attrs = attrs.with([event.step[1]]);
      queries.setAttrs(attrs);
    } else if (event.kind === 'confirm' || event.kind === 'refuse') {
      const write = open[event.at];
      if (!write) return;
      const applied: Mutation = { ...write, state: 'acknowledged', txId: ++txId };
      writes = writes.flatMap((other) => (other !== write ? [other] : event.kind === 'confirm' ? [applied] : []));
      if (event.kind === 'confirm') queries.acknowledge(applied, 0);
      else queries.reject(write.eventId);
    }
  };

  const received = (message: ServerMessage, sent: readonly Triple[]): void => {
    if (message.op === 'add-query-ok') queries.applyResult(message);
    if (message.op === 'refresh-ok') queries.applyRefresh(message, false, systemRandom);
    const whole = new View(query, { attrs, links, now: () => 1000 });
    whole.setResult({ triples: sent.filter(([, a]) => attrs.byId(a)), pageInfo: undefined, aggregate: undefined });
    whole.pending.rewrite(writes.filter((write) => write.state !== 'acknowledged' || !isIncluded(write, live.processed)));
    const [shown, expected] = [plain(live.view.read()), plain(whole.read())];
    if (!isDeepStrictEqual(shown, expected)) throw new Error(`shown: ${JSON.stringify(shown)}\nexpected: ${JSON.stringify(expected)}`);
  };

  const sent = results.map((keep) => data.filter((_, at) => (keep >> (at % 31)) & 1));
  let delivered = 0;
  let failure: Error | undefined;
  const transport = new FakeTransport();
  let now = 0;
  const pause = async (): Promise<void> => dispatch(events[next++] ?? { kind: 'nothing' });
  const channel = slicedTransport(transport, {
    queries: () => queries,
    scheduler: { now: () => now++, pause },
    yieldEvery: 1,
    report: (error) => (failure ??= error),
    batchSize: 2,
  });
  const none = (): void => {};
  channel.open({
    opened: none,
    activity: none,
    fault: none,
    closed: none,
    message: (message) => received(message, sent[delivered++] ?? []),
  });
  sent.forEach((triples, at) => {
    const processed = { 'processed-tx-id': txId };
    if (at === 0) transport.channel.on.message({ op: 'add-query-ok', q: query, result: nodes(triples), ...processed });
    else {
      const computations = [{ 'instaql-query': query, 'instaql-result': nodes(triples) }];
      transport.channel.on.message({ op: 'refresh-ok', computations, ...processed });
    }
  });
  for (let turns = 0; delivered < sent.length && turns < 1_000; turns++) await new Promise(setImmediate);
  if (failure) throw failure;
  if (delivered < sent.length) throw new Error('An answer was not delivered');
}

it(
  'a result read in slices is shown the same as one read at once',
  () =>
    checkAsync(
      fc.asyncProperty(traceArb, (trace) => play(trace as Trace)),
      500,
    ),
  patience,
);
