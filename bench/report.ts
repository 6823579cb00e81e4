// The results as a table, and as charts.

import { availableParallelism, cpus } from 'node:os';

import { chart } from './chart.ts';
import { median, type Outcome } from './measure.ts';
import type { Workload } from './workloads.ts';

export interface Result {
  readonly workload: Workload;
  readonly n: number;
  readonly outcomes: ReadonlyMap<string, Outcome>;
}

interface About {
  readonly isQuick: boolean;
  readonly tookMs: number;
}

export function report(results: readonly Result[], about: About): { markdown: string; charts: ReadonlyMap<string, string> } {
  return { markdown: markdownOf(results, about), charts: chartsOf(results) };
}

function markdownOf(results: readonly Result[], { isQuick, tookMs }: About): string {
  const head = ['workload', 'N', 'Triplane', 'least', 'ratio', 'floor', 'InstantDB', 'TanStack DB', 'Zero', 'goal', 'reached', 'also'];
  return `# Bench

${isQuick ? 'A quick run: one round, one size. ' : ''}Medians in one run of ${Math.round(tookMs / 1000)} s, on Node ${process.versions.node}, ${availableParallelism()} × ${cpus()[0]?.model ?? 'unknown processor'}.
Every figure is from a process of its own; ours and the floor in two rounds that take turns, of which the less disturbed one stands here.
"least" is the best sample of ours: on a machine that others use too, it is nearer to what the work takes. "ratio" is ours by what the
goal is a multiple of (the same text under \`JSON.parse\`, or the time with one query), measured in turn in the same process; where there is no such
base, ours by the floor. "floor" is a program written by hand for that workload alone. Of InstantDB in W4, the time of 20 writes is scaled up.

${row(head)}
${row(head.map(() => '---'))}
${results.map(lineOf).join('\n')}
`;
}

function lineOf({ workload, n, outcomes }: Result): string {
  const ours = outcomes.get('triplane');
  const floor = outcomes.get('floor');
  const figure = (name: string): string => {
    const outcome = outcomes.get(name);
    return outcome ? shown(median(outcome.samples), workload.unit) : '–';
  };
  const times = ours ? median(ours.samples) : Number.NaN;
  const floorTimes = floor && median(floor.samples);
  const ratio = ours?.base && times / median(ours.base);
  const isMet = ours && workload.isMet({ n, ours: times, ratio, floor: floorTimes });
  const byFloor = floorTimes === undefined ? '–' : `${(times / floorTimes).toFixed(1)} × floor`;
  return row([
    workload.title,
    n.toLocaleString('en'),
    `**${figure('triplane')}**`,
    ours ? shown(Math.min(...ours.samples), workload.unit) : '–',
    ratio === undefined ? byFloor : `${ratio.toFixed(2)} ×`,
    figure('floor'),
    figure('instant'),
    figure('tanstack'),
    figure('zero'),
    workload.goal,
    isMet === undefined ? '' : isMet ? 'yes' : 'no',
    notesOf(ours),
  ]);
}

function notesOf(outcome: Outcome | undefined): string {
  return Object.entries(outcome?.notes ?? {})
    .map(([name, value]) => `${name}: ${value}`)
    .join('; ');
}

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

function shown(value: number, unit: string): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3;
  return `${value.toFixed(digits)} ${unit}`;
}

function chartsOf(results: readonly Result[]): ReadonlyMap<string, string> {
  const charts = new Map<string, string>();
  for (const workload of new Set(results.map((result) => result.workload))) {
    const mine = results.filter((result) => result.workload === workload);
    const names = new Set(mine.flatMap(({ outcomes }) => [...outcomes.keys()]));
    const valueOf = (outcome: Outcome | undefined): number | undefined => outcome && median(outcome.samples);
    const series = [...names].map((name) => ({ name, values: mine.map(({ outcomes }) => valueOf(outcomes.get(name))) }));
    charts.set(
      workload.name,
      chart(
        workload.title,
        workload.unit,
        mine.map(({ n }) => n),
        series,
      ),
    );
  }
  return charts;
}
