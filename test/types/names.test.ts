// Every type that the official client exports is exported by one of our files under the same name, with as many type parameters. What
// other parts of the program owe stands in a list, which may only shrink.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import ts from 'typescript';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');

/** Classes, and what is said with them. */
const elsewhere = new Set(
  `Auth FrameworkClient FrameworkConfig IndexedDBStorage InstantAPIError InstantCoreDatabase InstantError InstantStream QueryValidationError
  Reactor SSEConnection Storage Streams TransactionValidationError WindowNetworkListener`.split(/\s+/),
);

const index = join(root, 'node_modules/@instantdb/core/dist/esm/index.d.ts');
const files = [
  join(root, 'src/schema/schema.ts'),
  join(root, 'src/client/config.ts'),
  ...readdirSync(join(root, 'src/types')).map((name) => join(root, 'src/types', name)),
];
const options: ts.CompilerOptions = {
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  allowImportingTsExtensions: true,
  noEmit: true,
  skipLibCheck: true,
};
const program = ts.createProgram([...files, index], options);
const checker = program.getTypeChecker();

/** The types a file exports, each with the number of its type parameters. */
function exportedTypes(path: string): Map<string, number> {
  const file = program.getSourceFile(path);
  const symbol = file && checker.getSymbolAtLocation(file);
  if (!symbol) throw new Error(`${path} is not a module`);
  const types = checker.getExportsOfModule(symbol).map((exported) => {
    const target = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
    const declaration = target.declarations?.find(
      (node) => ts.isTypeAliasDeclaration(node) || ts.isInterfaceDeclaration(node) || ts.isClassDeclaration(node),
    );
    return { name: exported.name, target, parameters: declaration?.typeParameters?.length ?? 0 };
  });
  return new Map(types.filter(({ target }) => target.flags & ts.SymbolFlags.Type).map(({ name, parameters }) => [name, parameters]));
}

const official = exportedTypes(index);
const ours = new Map(files.flatMap((path) => [...exportedTypes(path)]));

test('every official type is exported, with as many type parameters', () => {
  const wanted = [...official].filter(([name]) => !elsewhere.has(name));
  expect(wanted.map(([name]) => [name, ours.get(name)])).toEqual(wanted);
});

test('the list of types elsewhere has only exports of the official client', () => {
  expect([...elsewhere].filter((name) => !official.has(name) || ours.has(name))).toEqual([]);
});
