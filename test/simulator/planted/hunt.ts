// Runs seeds of a simulator with a bug in it, in a thread of its own, until one of them violates something that it does not without the bug.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';

import type { ProfileName } from '../profiles.ts';

export interface Hunt {
  /** The number of the first seed that fails; undefined if none does. */
  readonly seeds: number | undefined;
  readonly violation: string;
}

const thread = `
import { parentPort, workerData } from 'node:worker_threads';
const { url, cleanUrl, profile } = workerData;
const { simulate } = await import(url);
let found = { seeds: undefined, violation: '' };
for (const seed of workerData.seeds) {
  const { violations } = await simulate({ seed, profile });
  if (violations.length === 0) continue;
  const clean = await import(cleanUrl);
  if ((await clean.simulate({ seed, profile })).violations.length > 0) continue;
  found = { seeds: seed, violation: violations[0] };
  break;
}
parentPort.postMessage(found);
`;

export interface Hunted {
  /** The texts of the simulator with the bug, and without it. */
  readonly simulator: string;
  readonly clean: string;
  readonly profile?: ProfileName | undefined;
}

/** @param likely a seed that is tried first, as it found the bug before */
export async function hunt({ simulator, clean, profile }: Hunted, most: number, likely?: number): Promise<Hunt> {
  const all = Array.from({ length: most }, (_, at) => at + 1);
  const seeds = likely === undefined ? all : [likely, ...all];
  const folder = mkdtempSync(join(tmpdir(), 'planted-'));
  const file = join(folder, 'simulator.mjs');
  const cleanFile = join(folder, 'clean.mjs');
  writeFileSync(file, simulator);
  writeFileSync(cleanFile, clean);
  writeFileSync(join(folder, 'thread.mjs'), thread);
  const worker = new Worker(join(folder, 'thread.mjs'), {
    workerData: { url: pathToFileURL(file).href, cleanUrl: pathToFileURL(cleanFile).href, profile, seeds },
    stdout: true,
    stderr: true,
  });
  try {
    return await new Promise<Hunt>((resolve) => {
      worker.on('message', resolve);
      // What nothing has caught ends the thread.
      worker.on('error', (error) => resolve({ seeds: 1, violation: `not caught: ${error.message}` }));
    });
  } finally {
    await worker.terminate();
    rmSync(folder, { recursive: true });
  }
}
