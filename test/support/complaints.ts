// What TypeScript says of programs that stand in a project of their own.

import ts from 'typescript';

export function complaints(folder: string, files: readonly string[]): string[] {
  const options: ts.CompilerOptions = {
    module: ts.ModuleKind.NodeNext,
    jsx: ts.JsxEmit.ReactJSX,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2023.d.ts', 'lib.dom.d.ts'],
    types: ['node'],
    strict: true,
    noEmit: true,
    skipLibCheck: true,
  };
  const host = ts.createCompilerHost(options);
  host.getCurrentDirectory = () => folder;
  return ts.getPreEmitDiagnostics(ts.createProgram(files, options, host)).map((found) => ts.formatDiagnostic(found, host));
}
