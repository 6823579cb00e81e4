// What is measured, in words, and what ours is to reach.

import type { WorkloadName } from './measure.ts';

export interface Workload {
  readonly name: WorkloadName;
  readonly title: string;
  readonly unit: 'ms' | 'B';
  /** Rows; `fixed`: the workload says itself how many. */
  readonly sizes: 'all' | 'fixed';
  readonly goal: string;
  /** Whether it is reached, from ours and the floor. Undefined: no goal for this size. */
  readonly isMet: (figures: Figures) => boolean | undefined;
}

export interface Figures {
  readonly n: number;
  readonly ours: number;
  /** Ours as a multiple of what the same process needed for the base. */
  readonly ratio: number | undefined;
  readonly floor: number | undefined;
}

const atMost =
  (limit: number) =>
  ({ ours }: Figures): boolean =>
    ours <= limit;
const ratioAtMost =
  (limit: number) =>
  ({ n, ratio }: Figures): boolean | undefined =>
    n < 10_000 || ratio === undefined ? undefined : ratio <= limit;
const at10k =
  (limit: number) =>
  ({ n, ours }: Figures): boolean | undefined =>
    n === 10_000 ? ours <= limit : undefined;

export const workloads: readonly Workload[] = [
  {
    name: 'w1',
    title: 'W1 text of an answer of N entities → subscriber called',
    unit: 'ms',
    sizes: 'all',
    goal: '≤ 2.5 × JSON.parse',
    isMet: ratioAtMost(2.5),
  },
  {
    name: 'w1slices',
    title: 'W1 the same with yieldEvery: 16, longest task after the frame is parsed',
    unit: 'ms',
    sizes: 'all',
    goal: '≤ 50 ms at 50k',
    isMet: ({ n, ours }) => (n === 50_000 ? ours <= 50 : undefined),
  },
  {
    name: 'w2',
    title: 'W2 one field of one row of N: transact → callback',
    unit: 'ms',
    sizes: 'all',
    goal: '≤ 5 × floor (10k), ≤ 2 × (50k)',
    isMet: ({ n, ours, floor }) => (n < 10_000 || floor === undefined ? undefined : ours <= floor * (n === 10_000 ? 5 : 2)),
  },
  {
    name: 'w2b20',
    title: 'W2b the same under 20 queries, until the event loop is free',
    unit: 'ms',
    sizes: 'all',
    goal: '≤ 1.2 × one query',
    isMet: ratioAtMost(1.2),
  },
  {
    name: 'w2b100',
    title: 'W2b the same under 100 queries',
    unit: 'ms',
    sizes: 'all',
    goal: '≤ 1.2 × one query',
    isMet: ratioAtMost(1.2),
  },
  {
    name: 'w3',
    title: 'W3 refresh with the whole result, 1 of N changed',
    unit: 'ms',
    sizes: 'all',
    goal: '≤ 2.5 × JSON.parse, all rows keep identity',
    isMet: ratioAtMost(2.5),
  },
  { name: 'w3delta', title: 'W3 the same as a difference', unit: 'ms', sizes: 'all', goal: '≤ 0.5 ms at 10k', isMet: at10k(0.5) },
  {
    name: 'w4task',
    title: 'W4 1,000 writes in one task, 20 queries of 1,000 rows each',
    unit: 'ms',
    sizes: 'fixed',
    goal: '≤ 40 ms',
    isMet: atMost(40),
  },
  {
    name: 'w4shared',
    title: 'W4 the same, every row in all 20 queries',
    unit: 'ms',
    sizes: 'fixed',
    goal: '(≤ 40 ms)',
    isMet: atMost(40),
  },
  { name: 'w4each', title: 'W4 one write per task, each', unit: 'ms', sizes: 'fixed', goal: '≤ 0.1 ms', isMet: atMost(0.1) },
  {
    name: 'w5first',
    title: 'W5 where + order + limit 50 + two levels, first time',
    unit: 'ms',
    sizes: 'all',
    goal: '≤ 8 ms at 10k',
    isMet: at10k(8),
  },
  { name: 'w5again', title: 'W5 the same again', unit: 'ms', sizes: 'all', goal: '≤ 1 ms at 10k', isMet: at10k(1) },
  {
    name: 'w6',
    title: 'W6 heap per entity after ingest',
    unit: 'B',
    sizes: 'all',
    goal: '≤ 800 B at 50k',
    isMet: ({ n, ours }) => (n === 50_000 ? ours <= 800 : undefined),
  },
  {
    name: 'w8',
    title: 'W8 reload with N kept rows → first result',
    unit: 'ms',
    sizes: 'all',
    goal: '≤ 64 ms at 10k',
    isMet: at10k(64),
  },
  {
    name: 'w8write',
    title: 'W8 bytes stored after one write',
    unit: 'B',
    sizes: 'fixed',
    goal: '≤ 2,500 B',
    isMet: atMost(2_500),
  },
  {
    name: 'w8push',
    title: 'W8 bytes stored after the server changes one row',
    unit: 'B',
    sizes: 'fixed',
    goal: '≤ 4,000 B',
    isMet: atMost(4_000),
  },
];
