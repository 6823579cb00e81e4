// The declarations of the sources, one file each, for tsup to bundle. tsup can make them itself, but takes eight times as long: it checks the
// types of every entry. That is the affair of `npm run types`.

import { join, resolve } from 'node:path';

import ts from 'typescript';

const root = join(import.meta.dirname, '..');

/**
 * Writes the declarations of these sources, and of what they import, into a folder in which they lie as the sources do in the project.
 *
 * @throws Error if a type that is exported cannot be written down
 */
export function writeDeclarations(sources: readonly string[], folder: string): void {
  const read = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path));
  const { options } = ts.parseJsonConfigFileContent(read.config, { ...ts.sys, readDirectory: () => [] }, root);
  const program = ts.createProgram({
    rootNames: sources.map((source) => resolve(root, source)),
    options: { ...options, noEmit: false, noCheck: true, declaration: true, emitDeclarationOnly: true, rootDir: root, outDir: folder },
  });
  const { diagnostics } = program.emit();
  if (diagnostics.length === 0) return;
  const host = { getCurrentDirectory: () => root, getCanonicalFileName: (name: string) => name, getNewLine: () => '\n' };
  throw new Error(ts.formatDiagnostics(diagnostics, host));
}
