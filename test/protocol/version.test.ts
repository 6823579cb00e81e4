import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { declaredVersions, ownVersion, supportedFeatures } from '../../src/protocol/version.ts';

test.each<[core: unknown, patchPresence: boolean, skipAttrs: boolean, batches: boolean]>([
  ['v1.0.67', true, true, true],
  ['1.0.67', true, true, true],
  ['v1.0.67-dev', true, true, true],
  ['0.22.76', true, true, true],
  ['0.22.75', true, true, false],
  ['0.22.75-dev', true, true, false],
  ['v0.20.5', true, true, false],
  ['v0.20.4', true, false, false],
  ['0.17.6', true, false, false],
  ['0.17.5', false, false, false],
  ['0.9.99', false, false, false],
  ['v1.0', false, false, false],
  ['v1.0.0-beta', false, false, false],
  ['vv1.0.0', false, false, false],
  [' 1.0.0', false, false, false],
  ['1.0.0\n', false, false, false],
  ['', false, false, false],
  [1, false, false, false],
  [null, false, false, false],
  [undefined, false, false, false],
])('a client of version %j', (core, patchPresence, skipAttrs, batches) => {
  expect(supportedFeatures({ '@instantdb/core': core })).toEqual({ patchPresence, skipAttrs, batches });
});

test.each([undefined, null, 7, 'v1.0.67', [], { '@instantdb/react': 'v1.0.67' }])('without a version of core: %j', (versions) => {
  expect(supportedFeatures(versions)).toEqual({ patchPresence: false, skipAttrs: false, batches: false });
});

test('the client declares its own version and the core version whose protocol it speaks', () => {
  const versionIn = (path: string): unknown => JSON.parse(readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')).version;
  expect(ownVersion).toBe(versionIn('package.json'));
  expect(declaredVersions['@instantdb/core']).toBe(`v${String(versionIn('node_modules/@instantdb/core/package.json'))}`);
  expect(supportedFeatures(declaredVersions)).toEqual({ patchPresence: true, skipAttrs: true, batches: true });
});
