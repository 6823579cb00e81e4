// Entry `triplane/testing`: helpers for tests of programs. No logic.

export { createTestApp, TestApp } from './test-app.ts';
export type { TestAppOptions, TestServer, TestUser } from './test-app.ts';
export { TestDevice, TestTab } from './test-device.ts';
export type { DiskCondition } from './virtual/disk.ts';
export { simulate, SimulationError } from './simulation.ts';
export type { Action, ActionContext, Invariant, InvariantContext, SimulationOptions, SimulationResult } from './simulation.ts';
export { SeededRandom } from './virtual/seeded-random.ts';
