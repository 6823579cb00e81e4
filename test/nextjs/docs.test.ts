// The files in docs/nextjs.md, together, are a program without type errors, in a project as strict as ours but for `db.tx.goals[id()]`.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import ts from 'typescript';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/nextjs.md'), 'utf8');
const files = new Map(
  [...page.matchAll(/```tsx? file=(\S+)\n(.*?)```/gs)].map(([, name = '', code = '']) => [join(root, 'app-of-docs', name), code]),
);

test('every file has a name and compiles', { timeout: 60_000 }, () => {
  expect(files.size).toBe(page.match(/```ts/g)?.length);
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path)) as { config: object };
  const { options } = ts.parseJsonConfigFileContent({ ...config, files: [], include: [] }, ts.sys, root);
  const host = ts.createCompilerHost({ ...options, noUncheckedIndexedAccess: false });
  const { readFile, fileExists, directoryExists } = host;
  host.readFile = (path) => files.get(path) ?? readFile(path);
  host.fileExists = (path) => files.has(path) || fileExists(path);
  host.directoryExists = (path) => [...files.keys()].some((name) => name.startsWith(`${path}/`)) || directoryExists!(path);
  host.getSourceFile = (path, version) => {
    const text = host.readFile(path);
    return text === undefined ? undefined : ts.createSourceFile(path, text, version);
  };
  const program = ts.createProgram([...files.keys()], { ...options, noUncheckedIndexedAccess: false }, host);
  const found = [...files.keys()].flatMap((path) => ts.getPreEmitDiagnostics(program, program.getSourceFile(path)));
  expect(found.map((one) => ts.formatDiagnostic(one, host))).toEqual([]);
});
