// The programs of a page in docs/, as a reader takes them over: into a project of their own that has the built package.

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { complaints } from './complaints.ts';
import { packedProject, root } from './packed.ts';

export interface Guide {
  /** The programs, by the names that the page gives them. */
  readonly names: readonly string[];
  /** What the compiler says of them. */
  complaints(): unknown;
  /** What Node's test runner prints of these programs, as TAP. */
  test(names: readonly string[]): Promise<string>;
  remove(): void;
}

export function openGuide(page: string): Guide {
  const text = readFileSync(join(root, page), 'utf8');
  const files = [...text.matchAll(/```ts\n\/\/ (\S+)\n(.*?)```/gs)].map(([, name = '', code = '']) => ({ name, code }));
  const project = packedProject();
  for (const { name, code } of files) project.write(name, code);
  const names = files.map(({ name }) => name);
  const compiled = names.map((name) => join(project.folder, name));
  return {
    names,
    complaints: () => complaints(project.folder, compiled),
    test: async (tests) => {
      const tsx = join(root, 'node_modules/tsx/dist/loader.mjs');
      const args = ['--import', tsx, '--test', '--test-reporter', 'tap', ...tests];
      return (await promisify(execFile)(process.execPath, args, { cwd: project.folder, timeout: 60_000 })).stdout;
    },
    remove: () => project.remove(),
  };
}
