// Where a copy of another server's app is kept until the import is done. It survives a killed process, so that the next one continues.

import { existsSync } from 'node:fs';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TriplaneError } from '../../../errors.ts';
import { makeFolder } from '../../storage/sqlite/sqlite.ts';
import { privateFile } from '../../private-files.ts';

const stateFile = 'state.json';

export interface WorkFolderOptions {
  readonly resume?: boolean | undefined;
  readonly restart?: boolean | undefined;
}

export class WorkFolder {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Rejects with TriplaneError `config-invalid` if an earlier import left its copy there and neither option is given. */
  static async open(path: string, appId: string, { resume, restart }: WorkFolderOptions): Promise<WorkFolder> {
    const folder = new WorkFolder(path);
    if (restart) await folder.remove();
    if (existsSync(join(path, stateFile)) && !resume)
      throw new TriplaneError(
        'config-invalid',
        `An import of the app ${appId} was interrupted. Add --resume to continue it, or --restart to begin again`,
      );
    return folder;
  }

  file(name: string): string {
    return join(this.path, name);
  }

  async state(): Promise<Readonly<Record<string, unknown>>> {
    const text = await readFile(this.file(stateFile), 'utf8').catch(() => '{}');
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  }

  /** Written atomically. */
  async save(state: Readonly<Record<string, unknown>>): Promise<void> {
    await makeFolder(this.path);
    await writeFile(this.file(`${stateFile}.new`), JSON.stringify(state), { mode: privateFile });
    await rename(this.file(`${stateFile}.new`), this.file(stateFile));
  }

  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}
