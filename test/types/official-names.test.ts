// The lists of what the official client exports name all of it and nothing else, and where they say ours is, it is.

import { join } from 'node:path';

import * as core from '@instantdb/core';
import ts from 'typescript';
import { expect, test } from 'vitest';

import { officialTypes, officialValues } from '../support/official-names.ts';

const root = join(import.meta.dirname, '../..');
const index = 'node_modules/@instantdb/core/dist/esm/index.d.ts';
const places = [...Object.entries(officialValues), ...Object.entries(officialTypes)]
  .filter(([, place]) => !place.startsWith('missing:'))
  .map(([name, place]) => ({ name, file: place.split('#')[0] ?? '', ours: place.split('#')[1] ?? name }));
const files = [...new Set([index, ...places.map(({ file }) => file)])];

const program = ts.createProgram(
  files.map((file) => join(root, file)),
  {
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    allowImportingTsExtensions: true,
    noEmit: true,
    skipLibCheck: true,
  },
);
const checker = program.getTypeChecker();

/** What a file exports, each with what kind of thing it is. */
function exportsOf(file: string): Map<string, ts.SymbolFlags> {
  const source = program.getSourceFile(join(root, file));
  const module = source && checker.getSymbolAtLocation(source);
  if (!module) throw new Error(`${file} is not a module`);
  const found = checker.getExportsOfModule(module).map((symbol) => {
    const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    return [symbol.name, target.flags] as const;
  });
  return new Map(found);
}

const exported = new Map(files.map((file) => [file, exportsOf(file)]));
const sorted = (names: Iterable<string>): string[] => [...names].sort();

test('the list has every official value', () => {
  expect(sorted(Object.keys(officialValues))).toEqual(sorted(Object.keys(core)));
});

test('the list has every official type', () => {
  const names = [...(exported.get(index) ?? [])].filter(([name, flags]) => flags & ts.SymbolFlags.Type && !(name in officialValues));
  expect(sorted(Object.keys(officialTypes))).toEqual(sorted(names.map(([name]) => name)));
});

test('our export is where the list says', () => {
  const kindOf = (name: string) => (name in officialValues ? ts.SymbolFlags.Value : ts.SymbolFlags.Type);
  const lost = places.filter(({ name, file, ours }) => !((exported.get(file)?.get(ours) ?? 0) & kindOf(name)));
  expect(lost).toEqual([]);
});
