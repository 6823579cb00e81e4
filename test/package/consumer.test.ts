// The packed package in somebody's project: as a module, as CommonJS, as types, as a command.

import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';

import ts from 'typescript';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { entries } from '../../tsup.config.ts';
import { manifest, packedProject, type Project } from '../support/packed.ts';

let project: Project;

beforeAll(() => void (project = packedProject()));
afterAll(() => project.remove());

/** Runs a program in the project; what it prints, or the error with what it said. */
function runs(name: string, text: string): string {
  return execFileSync(process.execPath, [project.write(name, text)], { cwd: project.folder, encoding: 'utf8', stdio: 'pipe' }).trim();
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test('an ES module can import the package', () => {
  expect(runs('a.mjs', `import { id, init } from 'triplane'; if (typeof init !== 'function') throw 0; console.log(id());`)).toMatch(uuid);
});

test('CommonJS can require the package', () => {
  expect(runs('a.cjs', `const { id, init } = require('triplane'); if (typeof init !== 'function') throw 0; console.log(id());`)).toMatch(
    uuid,
  );
});

test.each(Object.keys(entries))('%s loads in both formats, with the same names', (entry) => {
  const print = 'console.log(Object.keys(all).filter((name) => name !== "default").sort().join());';
  const imported = runs('b.mjs', `import * as all from '${entry}'; ${print}`);
  expect(imported).not.toBe('');
  expect(runs('b.cjs', `const all = require('${entry}'); ${print}`)).toBe(imported);
});

test('all entries share one error class, in both formats', () => {
  const entry = Object.keys(entries).filter((name) => name !== 'triplane');
  const chunk = (format: string) => `console.log('${format}', new Set(modules.map((m) => m.TriplaneError).filter(Boolean)).size);`;
  const list = ['triplane', ...entry];
  const esm = `const modules = await Promise.all(${JSON.stringify(list)}.map((name) => import(name))); ${chunk('esm')}`;
  const cjs = `const modules = ${JSON.stringify(list)}.map((name) => require(name)); ${chunk('cjs')}`;
  expect([runs('c.mjs', esm), runs('c.cjs', cjs)]).toEqual(['esm 1', 'cjs 1']);
});

test.each(['types.mts', 'types.cts'])('%s compiles in a strict project', (name) => {
  const text = Object.keys(entries).map(
    (entry, at) => `import * as entry${at} from '${entry}';\nexport type Entry${at} = typeof entry${at};\n`,
  );
  const file = project.write(name, `${text.join('')}import { id } from 'triplane';\nexport const made: string = id();\n`);
  const options: ts.CompilerOptions = {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2023.d.ts', 'lib.dom.d.ts'],
    types: [],
    strict: true,
    noEmit: true,
    skipLibCheck: true,
  };
  const found = ts.getPreEmitDiagnostics(ts.createProgram([file], options));
  expect(found.map((one) => ts.flattenDiagnosticMessageText(one.messageText, '\n'))).toEqual([]);
});

const { Bundler, NodeNext } = ts.ModuleResolutionKind;
const classic = ['lib.es2022.d.ts', 'lib.dom.d.ts'];
const withDisposal = [...classic, 'lib.esnext.disposable.d.ts'];

test.each([
  ['a bundler', ts.ModuleKind.ESNext, Bundler, classic, []],
  ['a bundler, with disposal', ts.ModuleKind.ESNext, Bundler, withDisposal, []],
  ['Node', ts.ModuleKind.NodeNext, NodeNext, classic, []],
  ['Node, with disposal and its types', ts.ModuleKind.NodeNext, NodeNext, withDisposal, ['node']],
])('the declarations themselves have no errors for %s', (_name, module, moduleResolution, lib, types) => {
  const file = project.write(
    'declared.mts',
    `import { init } from 'triplane';
const db = init({ appId: '' });
export const closed: Promise<void> = db.close();
export const stop: () => void = db.on('outbox', ({ waiting }): number => waiting);
export const made = (signal: AbortSignal) => db.transact([], { signal }).queued;
// @ts-expect-error -- not everything is there
db.nonsense();
${lib === withDisposal ? 'export async function use(): Promise<void> {\n  await using own = init({ appId: "" });\n  await own.getAuth();\n}' : ''}
`,
  );
  const typeRoots = [join(project.folder, 'node_modules/@types')];
  const options = { module, moduleResolution, lib, types, typeRoots, target: ts.ScriptTarget.ES2022, strict: true, noEmit: true, skipLibCheck: false }; // prettier-ignore
  const program = ts.createProgram([file], options);
  const ours = program.getSourceFiles().filter(({ fileName }) => fileName === file || fileName.includes('/triplane/dist/'));
  const found = ours.flatMap((one) => program.getSemanticDiagnostics(one));
  expect(ours.length).toBeGreaterThan(1);
  expect(found.map((one) => `${one.file?.fileName} ${ts.flattenDiagnosticMessageText(one.messageText, '\n')}`)).toEqual([]);
});

test.each(Object.entries(manifest.bin))('the command %s prints its usage', (_name, path) => {
  const command = join(project.folder, 'node_modules/triplane', path);
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, '--help'], { encoding: 'utf8', timeout: 30_000 });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toContain('triplane dev');
  expect(stdout).toContain(manifest.version);
});
