// The bill of materials: what an installation contains, and nothing that only development needs.

import { readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { billOfMaterials } from '../../scripts/sbom.ts';

const read = (name: string): string => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');
const { components, dependencies, metadata } = billOfMaterials(read('package-lock.json'));
const manifest = JSON.parse(read('package.json')) as { version: string; dependencies: object; devDependencies: object };

test('lists every dependency with version, hash and license', () => {
  const required = components.filter(({ scope }) => scope === 'required').map(({ name }) => name);
  expect(required).toEqual(expect.arrayContaining(Object.keys(manifest.dependencies)));
  for (const { name, version, hashes, licenses, purl } of components) {
    expect(purl).toBe(`pkg:npm/${name.replace('@', '%40')}@${version}`);
    expect([name, hashes[0]?.alg, hashes[0]?.content.length]).toEqual([name, 'SHA-512', 128]);
    expect(licenses).toHaveLength(1);
  }
});

test('omits development dependencies', () => {
  const names = components.map(({ name }) => name);
  for (const tool of ['typescript', 'vitest', 'eslint', 'tsup', 'playwright-core']) expect(names).not.toContain(tool);
});

test('lists the dependencies of each component', () => {
  const known = new Set([metadata.component['bom-ref'], ...components.map((component) => component['bom-ref'])]);
  for (const { ref, dependsOn } of dependencies) for (const each of [ref, ...dependsOn]) expect(known).toContain(each);
  const own = dependencies.find(({ ref }) => ref === metadata.component['bom-ref']);
  expect(own?.dependsOn).toHaveLength(Object.keys(manifest.dependencies).length);
});

test('resolves the copy that Node.js finds', () => {
  const locked = { version: '1.0.0', integrity: 'sha512-AAAA', license: 'MIT' };
  const lock = {
    ...{ name: 'own', version: '0.1.0' },
    packages: {
      '': { dependencies: { a: '*', b: '*' } },
      'node_modules/a': { ...locked, dependencies: { b: '*', c: '*' } },
      'node_modules/b': locked,
      'node_modules/a/node_modules/b': { ...locked, version: '2.0.0', dependencies: { c: '*' } },
      'node_modules/c': { ...locked, version: '3.0.0' },
      'node_modules/d': { ...locked, dev: true },
    },
  };
  expect(billOfMaterials(JSON.stringify(lock)).dependencies).toEqual([
    { ref: 'own@0.1.0', dependsOn: ['a@1.0.0', 'b@1.0.0'] },
    { ref: 'a@1.0.0', dependsOn: ['b@2.0.0', 'c@3.0.0'] },
    { ref: 'b@1.0.0', dependsOn: [] },
    { ref: 'b@2.0.0', dependsOn: ['c@3.0.0'] },
    { ref: 'c@3.0.0', dependsOn: [] },
  ]);
});
