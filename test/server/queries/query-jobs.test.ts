// Who is served when by a server that many ask for much.

import { expect, test } from 'vitest';
import { isDue, spend } from '../../../src/query/pass.ts';
import { type JobOwner, QueryJobs } from '../../../src/server/queries/query-jobs.ts';
import { sliceWork } from '../../../src/server/queries/query-work.ts';

interface Started {
  /** Of those that were resumed at least once, and are not done: they hold what they have found. */
  mostUnderWay: number;
  readonly ended: string[];
}

/** So many slices of work. `holding`: those that are under way. */
function* steps(name: string, slices: number, started: Started, holding: Set<object>): Generator<void, string> {
  const self = {};
  for (let slice = 0; slice < slices; slice++) {
    if (slice > 0) holding.add(self);
    started.mostUnderWay = Math.max(started.mostUnderWay, holding.size);
    spend(sliceWork + 1);
    if (isDue()) yield;
  }
  holding.delete(self);
  return name;
}

function world() {
  const started: Started = { mostUnderWay: 0, ended: [] };
  const holding = new Set<object>();
  const failures: unknown[] = [];
  const jobs = new QueryJobs(1e9, (error) => void failures.push(error));
  const ask = (name: string, owner: JobOwner, slices: number): Promise<void> =>
    new Promise((resolve) => {
      jobs.start(
        owner,
        () => steps(name, slices, started, holding),
        (outcome) => {
          started.ended.push(outcome.is === 'done' ? outcome.value : String(outcome.error));
          resolve();
        },
        true,
      );
    });
  return { started, ask, failures };
}

const at = (ip: string): JobOwner => ({ ip });

test('at most four evaluations run concurrently, and all complete', async () => {
  const { started, ask } = world();
  const names = Array.from({ length: 40 }, (_, n) => `${n}`);
  await Promise.all(names.map((name, n) => ask(name, at(`10.0.0.${n}`), 5)));
  expect(started.mostUnderWay).toBeLessThanOrEqual(4);
  expect(started.ended.toSorted()).toEqual(names.toSorted());
});

test('an evaluation of one slice completes before all evaluations of many slices', async () => {
  const { started, ask } = world();
  const heavy = Array.from({ length: 20 }, (_, n) => ask('heavy', at(`10.0.0.${n}`), 30));
  const light = ask('light', at('10.0.1.1'), 0);
  await Promise.all([...heavy, light]);
  expect(started.ended[0]).toBe('light');
});

test('all sessions at one address count as one, so that another address does not wait for all of them', async () => {
  const { started, ask } = world();
  const many = Array.from({ length: 50 }, () => ask('many', at('10.0.0.1'), 10));
  const other = ask('other', { actor: { ip: '10.0.0.2' } }, 10);
  await Promise.all([...many, other]);
  // The two of the first address that were under way may be done before.
  expect(started.ended.slice(0, 3)).toContain('other');
});

test('cancelled evaluations make room for others', async () => {
  const { ask, started } = world();
  const jobs = new QueryJobs(1e9, () => {});
  const holding = new Set<object>();
  const owner = at('10.0.0.1');
  const cancel = Array.from({ length: 4 }, (_, n) =>
    jobs.start(
      at(`10.0.0.${n}`),
      () => steps('', 1000, started, holding),
      () => {},
      true,
    ),
  );
  await ask('a while', owner, 3);
  for (const each of cancel) each();
  await new Promise<void>(
    (resolve) =>
      void jobs.start(
        owner,
        () => steps('', 3, started, holding),
        () => resolve(),
        true,
      ),
  );
});

test('a callback that throws does not affect other evaluations', async () => {
  const failures: unknown[] = [];
  const jobs = new QueryJobs(1e9, (error) => void failures.push(error));
  const started: Started = { mostUnderWay: 0, ended: [] };
  const thrower = (): void => {
    throw new Error('thrown');
  };
  jobs.start(at('10.0.0.1'), () => steps('', 2, started, new Set()), thrower, true);
  await new Promise<void>(
    (resolve) =>
      void jobs.start(
        at('10.0.0.1'),
        () => steps('', 2, started, new Set()),
        () => resolve(),
        true,
      ),
  );
  expect(failures).toHaveLength(1);
});
