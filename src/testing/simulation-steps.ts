// The steps of a schedule: what happens, drawn from the seed before the run, so that steps can be left out without changing the others.

import type { SimulationOptions } from './simulation.ts';
import { SeededRandom } from './virtual/seeded-random.ts';
import type { AnySchemaDef } from '../schema/schema.ts';

/** How often each kind of step comes. */
const weights = {
  act: 60,
  wait: 15,
  openTab: 3,
  closeTab: 2,
  killTab: 3,
  freezeTab: 2,
  thawTab: 3,
  goOffline: 3,
  goOnline: 5,
  breakConnections: 3,
  loseResponses: 4,
  stopServer: 1,
  killServer: 2,
  startServer: 5,
  hangDisk: 1,
  jumpClock: 1,
  changeDelay: 2,
};

export type StepKind = keyof typeof weights;

export interface Step {
  readonly kind: StepKind;
  /** Of what the step chooses: the device, the tab, the action, and what the action draws. */
  readonly seed: number;
}

/** Steps that harm nothing. */
export const harmless: ReadonlySet<StepKind> = new Set(['act', 'wait', 'openTab', 'goOnline', 'startServer', 'thawTab']);

type ScheduleOptions = Pick<SimulationOptions<AnySchemaDef>, 'steps' | 'faults'>;

export function drawSchedule(seed: number, { steps = 80, faults = true }: ScheduleOptions): readonly Step[] {
  const random = new SeededRandom(seed).fork('schedule');
  const kinds = faults ? weights : { ...zero(), act: weights.act, wait: weights.wait };
  return Array.from({ length: steps }, () => ({ kind: random.pickWeighted(kinds), seed: random.between(0, 2 ** 31) }));
}

function zero(): Record<StepKind, number> {
  return Object.fromEntries(Object.keys(weights).map((kind) => [kind, 0])) as Record<StepKind, number>;
}
