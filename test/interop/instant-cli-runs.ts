// The official command line tool in a folder of its own, unmodified, against a server of ours.

import { spawn } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const tool = join(root, 'node_modules/instant-cli/bin/index.js');

export interface Ended {
  readonly code: number | null;
  readonly out: string;
}

export interface RunOptions {
  readonly onOutput?: (out: string) => void;
  /** The Node that runs it. */
  readonly node?: string;
}

export interface InstantCli {
  readonly folder: string;
  run(args: readonly string[], token?: string, options?: RunOptions): Promise<Ended>;
}

export async function instantCli(url: string): Promise<InstantCli> {
  const folder = await mkdtemp(join(tmpdir(), 'triplane-instant-cli-'));
  afterAll(() => rm(folder, { recursive: true }));
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  const manifest = { name: 'p', type: 'module', dependencies: { '@instantdb/core': '1.0.67' } };
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest));
  return {
    folder,
    run(args, token, { onOutput = () => {}, node = process.execPath } = {}) {
      const { PATH } = process.env;
      const child = spawn(node, [tool, ...args], {
        cwd: folder,
        stdio: ['ignore', 'pipe', 'pipe'],
        env: {
          ...{ PATH, HOME: folder, NO_COLOR: '1', CI: '1', INSTANT_CLI_API_URI: url, INSTANT_CLI_DASH_URI: url },
          ...(token !== undefined && { INSTANT_CLI_AUTH_TOKEN: token }),
        },
      });
      let out = '';
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (data) => {
          out += String(data);
          onOutput(out);
        });
      return new Promise((resolve) => child.once('close', (code) => resolve({ code, out })));
    },
  };
}

/** A schema file with the namespace `todos`. */
export const schemaWith = (attrs: string): string => `import { i } from '@instantdb/core';
export default i.schema({ entities: { todos: i.entity({ ${attrs} }) }, links: {}, rooms: {} });
`;
