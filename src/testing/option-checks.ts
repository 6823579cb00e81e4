// What a test passes must be usable before anything starts: virtual time that is NaN never passes, and a simulation in which nothing can happen
// would prove nothing.

import { TriplaneError } from '../errors.ts';
import type { AnySchemaDef } from '../schema/schema.ts';
import { readEmail } from '../server/auth/users.ts';
import type { SimulationOptions } from './simulation.ts';
import { checkNames, checkRuleNames } from './name-checks.ts';
import type { TestAppOptions, TestUser } from './test-app.ts';
import type { DiskCondition } from './virtual/disk.ts';

function refuse(message: string, given?: readonly [unknown]): never {
  throw new TriplaneError('config-invalid', given ? `${message}, but is ${shown(given[0])}` : message);
}

const shown = (given: unknown): string =>
  typeof given === 'number' || typeof given === 'bigint' ? String(given) : (JSON.stringify(given) ?? typeof given);

/** @throws TriplaneError 'config-invalid' */
export function checkMs(name: string, given: unknown, least = 0): void {
  const isFit = typeof given === 'number' && Number.isFinite(given) && given >= least;
  if (!isFit) refuse(`${name} must be a number of milliseconds${least === 0 ? ', 0 or more' : ''}`, [given]);
}

/** @throws TriplaneError 'config-invalid' */
export function checkSeed(name: string, given: unknown): void {
  if (!Number.isSafeInteger(given) || (given as number) < 0) refuse(`${name} must be a whole number, 0 or more`, [given]);
}

/** @throws TriplaneError 'config-invalid' */
export function checkPromise(name: string, given: unknown): void {
  if (!isThenable(given)) refuse(`${name} must be a promise`, [given]);
}

export const isThenable = (given: unknown): given is PromiseLike<unknown> =>
  typeof (given as { readonly then?: unknown } | null | undefined)?.then === 'function';

/**
 * @returns the address as the server stores it
 * @throws TriplaneError 'config-invalid'
 */
export function checkEmail(name: string, given: unknown): string {
  return readEmail(given) ?? refuse(`${name} must be an e-mail address`, [given]);
}

/** @throws TriplaneError 'config-invalid' */
export function checkUser(name: string, given: unknown): void {
  const { id, email, refreshToken } = (given ?? {}) as Partial<TestUser>;
  if ([id, email, refreshToken].every((each) => typeof each === 'string')) return;
  refuse(`${name} must be what createUser resolves with`, [isThenable(given) ? 'a promise' : given]);
}

const conditions: readonly DiskCondition[] = ['well', 'full', 'broken', 'hangs'];

/** @throws TriplaneError 'config-invalid' */
export function checkDisk(given: unknown): void {
  if (!conditions.includes(given as DiskCondition)) refuse(`setDisk: condition must be one of ${conditions.join(', ')}`, [given]);
}

/** @throws TriplaneError 'config-invalid' */
export function checkFunction(name: string, given: unknown): void {
  if (typeof given !== 'function') refuse(`${name} must be a function`, [given]);
}

const appOptions = ['schema', 'rules', 'seed'] as const satisfies readonly (keyof TestAppOptions<AnySchemaDef>)[];
const simulationOptions = [
  ...(['schema', 'rules', 'actions', 'invariants', 'setup', 'users', 'devices', 'seeds', 'steps', 'faults', 'onProgress'] as const),
] satisfies readonly (keyof SimulationOptions<AnySchemaDef>)[];

/** @throws TriplaneError 'config-invalid' */
export function checkApp<Schema extends AnySchemaDef>(options: TestAppOptions<Schema>): void {
  if (typeof options !== 'object' || (options as unknown) === null) refuse('createTestApp: options must be an object', [options]);
  checkNames('createTestApp', options, 'option', appOptions);
  const { schema, rules, seed } = options;
  if (seed !== undefined) checkSeed('createTestApp: seed', seed);
  checkRuleNames(rules, schema && Object.keys(schema.entities as object));
}

/** @throws TriplaneError 'config-invalid' */
export function checkDevice(options: unknown): void {
  if (typeof options !== 'object' || options === null) refuse('createDevice: options must be an object', [options]);
  checkNames('createDevice', options, 'option', ['user']);
}

/** More would be taken for a mistake, and take hours or all memory before anybody saw it. */
const most = { seeds: 10_000_000, steps: 1_000_000, devices: 1_000 };

/**
 * @returns the seeds to run
 * @throws TriplaneError 'config-invalid'
 */
export function checkSimulation<Schema extends AnySchemaDef>(options: SimulationOptions<Schema>): readonly number[] {
  if (typeof options !== 'object' || (options as unknown) === null) refuse('simulate: options must be an object', [options]);
  checkNames('simulate', options, 'option', simulationOptions);
  const { actions, invariants = {}, users, devices = 3, steps = 80, seeds = 100, setup, faults, onProgress } = options;
  checkFunctions('actions', actions);
  if (Object.keys(actions).length === 0) refuse('simulate: actions must name at least one action');
  checkFunctions('invariants', invariants);
  if (setup !== undefined) checkFunction('simulate: setup', setup);
  if (onProgress !== undefined) checkFunction('simulate: onProgress', onProgress);
  if (faults !== undefined && typeof faults !== 'boolean') refuse('simulate: faults must be true or false', [faults]);
  checkUsers(users);
  checkCount('devices', devices);
  checkCount('steps', steps);
  if (!Array.isArray(seeds)) checkCount('seeds', seeds);
  else if (seeds.length === 0) refuse('simulate: seeds must be at least one');
  else for (const seed of seeds) checkSeed('simulate: seeds: each', seed);
  return typeof seeds === 'number' ? Array.from({ length: seeds }, (_, at) => at + 1) : seeds;
}

function checkFunctions(name: 'actions' | 'invariants', given: unknown): void {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    refuse(`simulate: ${name} must be an object of functions`, [given]);
  for (const [key, each] of Object.entries(given)) checkFunction(`simulate: ${name}.${key}`, each);
}

function checkUsers(users: unknown): void {
  if (users === undefined) return;
  if (!Array.isArray(users)) refuse('simulate: users must be a list of e-mail addresses', [users]);
  if (users.length === 0) refuse('simulate: users must name at least one user');
  for (const user of users) checkEmail('simulate: users: each', user);
  if (new Set(users).size < users.length) refuse('simulate: users must differ', [users]);
}

function checkCount(name: keyof typeof most, given: unknown): void {
  const isFit = Number.isSafeInteger(given) && (given as number) >= 1 && (given as number) <= most[name];
  if (!isFit) refuse(`simulate: ${name} must be a whole number from 1 to ${most[name]}`, [given]);
}
