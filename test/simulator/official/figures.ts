// What became of the writes of both clients in the same schedules, as docs/reliability.md has it.

import { type RunResult, simulate } from '../simulate.ts';
import { clients, type Comparison, servers, settingOf } from './compared.ts';

export interface Row {
  readonly client: keyof typeof clients;
  readonly server: keyof typeof servers;
  readonly schedules: number;
  readonly writes: number;
  readonly faults: number;
  /** Not on the server, and their callers were not told so. */
  readonly lost: number;
  readonly doubled: number;
  /** Valid, and refused. */
  readonly refused: number;
  /** Of these, those that were applied. */
  readonly 'and applied': number;
  readonly 'out of order': number;
  /** Schedules after which a tab shows something else than the server has. */
  readonly diverged: number;
}

/** The schedules of the seeds from 1, with each client on each server. */
export async function compare(seeds: number, mostTabs: number): Promise<Row[]> {
  const rows: Row[] = [];
  for (const server of namesOf(servers)) for (const client of namesOf(clients)) rows.push(await rowOf({ client, server, mostTabs }, seeds));
  return rows;
}

export async function rowOf(comparison: Comparison, seeds: number): Promise<Row> {
  const setting = settingOf(comparison);
  let row: Row = { client: comparison.client, server: comparison.server, schedules: seeds, ...none };
  for (let seed = 1; seed <= seeds; seed += 1) row = withRun(row, await simulate({ seed, setting }));
  return row;
}

const none = { writes: 0, faults: 0, lost: 0, doubled: 0, refused: 0, 'and applied': 0, 'out of order': 0, diverged: 0 };

function withRun(row: Row, { writes, faults, counts }: RunResult): Row {
  return {
    ...row,
    writes: row.writes + writes,
    faults: row.faults + faults,
    lost: row.lost + counts.lost,
    doubled: row.doubled + counts.doubled,
    refused: row.refused + counts.rejected,
    'and applied': row['and applied'] + counts.rejectedAndApplied,
    'out of order': row['out of order'] + counts.outOfOrder,
    diverged: row.diverged + Math.min(1, counts.diverged),
  };
}

function namesOf<Name extends string>(of: Readonly<Record<Name, unknown>>): Name[] {
  return Object.keys(of) as Name[];
}
