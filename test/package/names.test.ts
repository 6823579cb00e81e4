// What each entry exports, values and types: a name that comes or goes shows in the snapshot beside this file. `npx vitest run -u` renews it.

import { join } from 'node:path';

import ts from 'typescript';
import { expect, test } from 'vitest';

import { entries, outputName } from '../../tsup.config.ts';
import { root } from '../support/packed.ts';

const declarations = (entry: string) => join(root, 'dist', `${outputName(entry)}.d.ts`);
const options: ts.CompilerOptions = {
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  target: ts.ScriptTarget.ES2022,
  noEmit: true,
  skipLibCheck: true,
};
const program = ts.createProgram(Object.keys(entries).map(declarations), options);
const checker = program.getTypeChecker();

/** The values an entry declares, and the names that are types only. */
function declared(entry: string): { values: string[]; types: string[] } {
  const file = program.getSourceFile(declarations(entry));
  const module = file && checker.getSymbolAtLocation(file);
  if (!module) throw new Error(`${declarations(entry)} is not a module`);
  const isTypeOnly = ({ declarations = [] }: ts.Symbol) => declarations.some((node) => ts.isExportSpecifier(node) && node.isTypeOnly);
  const isValue = (symbol: ts.Symbol) => {
    const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    return (target.flags & ts.SymbolFlags.Value) !== 0 && !isTypeOnly(symbol);
  };
  const symbols = checker.getExportsOfModule(module);
  const names = (found: ts.Symbol[]) => found.map(({ name }) => name).sort();
  return { values: names(symbols.filter(isValue)), types: names(symbols.filter((symbol) => !isValue(symbol))) };
}

test.each(Object.keys(entries))('%s exports the recorded names', async (entry) => {
  const { values, types } = declared(entry);
  const text = [...values, ...types.map((name) => `type ${name}`), ''].join('\n');
  await expect(text).toMatchFileSnapshot(`${outputName(entry)}.names.txt`);
});

test.each(Object.keys(entries))('%s exports every value that it declares', async (entry) => {
  const module = (await import(join(root, 'dist', `${outputName(entry)}.js`))) as object;
  expect(Object.keys(module).sort()).toEqual(declared(entry).values);
});
