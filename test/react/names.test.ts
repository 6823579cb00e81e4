// The official React package against ours: every name it exports, values and types, and every member of its database and its rooms.

import { join } from 'node:path';

import * as official from '@instantdb/react';
import ts from 'typescript';
import { expect, test } from 'vitest';

import * as ours from '../../src/react/index.ts';
import { hubWorld } from '../support/hub-world.ts';
import { officialReactMembers, officialReactValues } from '../support/official-react-names.ts';

const root = join(import.meta.dirname, '../..');
const files = ['node_modules/@instantdb/react/dist/esm/index.d.ts', 'src/react/index.ts'].map((file) => join(root, file));
const program = ts.createProgram(files, {
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  target: ts.ScriptTarget.ES2022,
  jsx: ts.JsxEmit.ReactJSX,
  allowImportingTsExtensions: true,
  noEmit: true,
  skipLibCheck: true,
  paths: { triplane: [join(root, 'src/index.ts')] },
});
const checker = program.getTypeChecker();

function namesOf(file: string): string[] {
  const store = program.getSourceFile(file);
  const module = store && checker.getSymbolAtLocation(store);
  if (!module) throw new Error(`${file} is not a module`);
  return checker.getExportsOfModule(module).map(({ name }) => name);
}

test('every official name is exported, including types', () => {
  const [theirs = [], own = []] = files.map(namesOf);
  expect(theirs.length).toBeGreaterThan(80);
  expect(theirs.filter((name) => !own.includes(name))).toEqual([]);
});

test('every official value is exported, and our list of them is complete', () => {
  expect(Object.keys(officialReactValues).sort()).toEqual(Object.keys(official).sort());
  expect(Object.keys(officialReactValues).filter((name) => !(name in ours))).toEqual([]);
});

/** Own and inherited members, without those that JavaScript marks as private. */
function membersOf(value: object): string[] {
  const names = new Set<string>();
  for (let at: object | null = value; at && at !== Object.prototype; at = Object.getPrototypeOf(at) as object | null) {
    for (const name of Object.getOwnPropertyNames(at)) if (name !== 'constructor') names.add(name);
  }
  return [...names].sort();
}

test('the database and a room have every official member', () => {
  const world = hubWorld();
  const theirs = official.init({ appId: world.config.appId });
  const db = ours.init(world.config);
  const known = Object.entries(officialReactMembers);
  expect(membersOf(theirs).filter((name) => name in Object(theirs))).toEqual(known.map(([name]) => name).sort());
  const has = membersOf(db);
  expect(known.filter(([name, place]) => (place === 'same') !== has.includes(name))).toEqual([]);
  expect(membersOf(theirs.room('chat', 'a')).filter((name) => !membersOf(db.room('chat', 'a')).includes(name))).toEqual([]);
  expect(Object.keys(db.rooms).sort()).toEqual(Object.keys(theirs.rooms).sort());
  db.core.shutdown();
  theirs.core.shutdown();
});
