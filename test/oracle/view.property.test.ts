// The View against the naive evaluation: after every step of every random trace both show the same, what did not
// change is the same object, and what was handed out is never touched again.

import fc from 'fast-check';
import { it } from 'vitest';
import { check, patience } from '../support/runs.ts';
import { Play, traceArb } from './trace.ts';

it(
  'shows what the naive evaluation shows',
  () =>
    check(
      fc.property(traceArb, (trace) => new Play(trace).run()),
      2_000,
    ),
  patience,
);
