// An import from a server, with waits that take no time.

import { join } from 'node:path';
import { type ImportOptions, importApp, type ImportReport } from '../../../../src/server/move/import.ts';
import { openRemote, type RemoteImportOptions } from '../../../../src/server/move/remote/remote-import.ts';
import type { Settled } from '../../../../src/server/move/remote/settle.ts';
import type { Storage } from '../../../../src/server/storage/storage.ts';
import { temporaryFolder } from '../support.ts';

const folder = temporaryFolder();
let made = 0;

export const newFolder = (): string => join(folder, `${++made}`);

export interface Given extends Partial<Omit<RemoteImportOptions, 'url' | 'appId' | 'adminToken'>> {
  readonly url: string;
  readonly appId: string;
  readonly adminToken: string;
  readonly storage: Storage;
  readonly import?: Partial<ImportOptions>;
}

export interface Imported {
  readonly report: ImportReport;
  readonly settled: Settled | undefined;
  readonly notes: readonly string[];
  readonly waits: readonly number[];
}

/** Rejects as the import does; then its folder is left for another attempt. */
export async function importRemote({ storage, import: options, ...given }: Given): Promise<Imported> {
  const [notes, waits]: [string[], number[]] = [[], []];
  const remote = await openRemote({
    folder: newFolder(),
    progress: () => undefined,
    note: (text) => void notes.push(text),
    wait: async (ms) => {
      waits.push(ms);
      await new Promise((resolve) => setTimeout(resolve, 1));
    },
    ...given,
  });
  try {
    if (!remote.source) throw new Error(`differs: ${JSON.stringify(remote.settled)}`);
    const ready = async (): Promise<void> => {
      await options?.ready?.();
      await remote.checkCurrent();
    };
    const report = await importApp({ storage, source: remote.source, adminToken: given.adminToken, ...options, ready });
    await remote.discard();
    return { report, settled: remote.settled, notes, waits };
  } finally {
    await remote.close();
  }
}
