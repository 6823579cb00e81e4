// The folder a server keeps files in: made when it is first used, and kept out of repositories.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TriplaneError } from '../errors.ts';

export async function makeFolder(folder: string): Promise<void> {
  try {
    const made = await mkdir(folder, { recursive: true });
    if (made !== undefined) await writeFile(join(folder, '.gitignore'), '*\n');
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new TriplaneError('storage-failed', `The folder ${folder} cannot be made: ${why}`, { cause });
  }
}
