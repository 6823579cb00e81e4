// Packages that single tests run, and that are too large, or made for one kind of machine, to be installed with everything else. Each is
// installed once, into a folder of its own.

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import zlib from 'node:zlib';

const run = promisify(execFile);
const cache = join(import.meta.dirname, '../../node_modules/.cache/npm-packages');
const installMs = 5 * 60_000;

/** What a test that may have to install something should be given. */
export const installTimeout = installMs + 120_000;

/** @returns the folder whose `node_modules` has the package and what it depends on */
export async function npmPackage(name: string, version: string): Promise<string> {
  const folder = join(cache, `${name.replaceAll('/', '-')}@${version}`);
  if (existsSync(folder)) return folder;
  await mkdir(cache, { recursive: true });
  const fresh = await mkdtemp(join(cache, 'installing-'));
  try {
    await writeFile(join(fresh, 'package.json'), JSON.stringify({ private: true }));
    const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', '--prefix', fresh];
    await run('npm', ['install', ...options, `${name}@${version}`], {
      cwd: fresh,
      timeout: installMs,
      shell: process.platform === 'win32',
    });
    // Of several processes that install it at once, the first one to end is kept.
    await rename(fresh, folder).catch((error: unknown) => {
      if (!existsSync(folder)) throw error;
    });
    return folder;
  } catch (cause) {
    throw new Error(`This test needs ${name}@${version}, which npm could not install`, { cause });
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

/** A Node that has zstd, which came with 22.15: the one that runs, or else one from npm. */
export async function nodeWithZstd(): Promise<string> {
  if ('createZstdDecompress' in zlib) return process.execPath;
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  const name = `node-${platform}-${process.arch}`;
  const folder = await npmPackage(name, '22.20.0');
  return join(folder, 'node_modules', name, 'bin', platform === 'win' ? 'node.exe' : 'node');
}
