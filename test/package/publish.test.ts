// The packed file, as those see it who judge packages: publint, and "are the types wrong".

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { packedProject, type Project, root } from '../support/packed.ts';

const run = promisify(execFile);
let project: Project;

beforeAll(() => void (project = packedProject()));
afterAll(() => project.remove());

test('publint reports no problems', async () => {
  const bytes = readFileSync(project.tarball);
  const tarball = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  const { messages, pkg } = await publint({ pack: { tarball }, strict: true });
  expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
});

/** With `moduleResolution: node` too, which knows no `exports` and reads `typesVersions`: many programs that move have it. */
test('the types resolve from modules, from CommonJS, from bundlers, and as in Node 10', async () => {
  const attw = join(root, 'node_modules/.bin/attw');
  const said = await run(attw, [project.tarball, '--format', 'ascii', '--no-color']).then(
    () => 'no problems',
    (failure: { stdout?: string; stderr?: string }) => `${failure.stdout ?? ''}${failure.stderr ?? ''}`,
  );
  expect(said).toBe('no problems');
});

test('the package contains the built files and the documents, and nothing else', () => {
  const expected =
    /^(dist\/[\w.-]+\.(js|cjs|d\.ts|d\.cts)|dist\/commands\/[\w.-]+\.js|LICENSE|README\.md|PROTOCOL\.md|ARCHITECTURE\.md|CHANGELOG\.md|docs\/[\w-]+\.md|package\.json)$/;
  expect(project.files.filter((path) => !expected.test(path))).toEqual([]);
  expect(project.files).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'PROTOCOL.md', 'docs/differences.md']));
});
