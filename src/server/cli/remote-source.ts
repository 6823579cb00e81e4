// `triplane import --from`: the terminal side of a copy from a running server.

import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openRemote, type RemoteImport } from '../move/remote/remote-import.ts';
import { isEqual } from '../move/remote/compare-source.ts';
import type { Settled } from '../move/remote/settle.ts';
import { defaultFolder } from './data-dir.ts';
import type { MoveFlags } from './move-flags.ts';
import type { ProgressLine } from './progress-line.ts';

interface Terminal {
  readonly print: (line: string) => void;
}

export interface RemoteAddress {
  readonly url: string;
  readonly appId: string;
  readonly adminToken: string;
}

const followEveryMs = 5000;

/** Undefined after Ctrl-C: the destination app is unchanged. A followed copy is then removed. */
export async function openFromServer(
  address: RemoteAddress,
  flags: MoveFlags,
  { print }: Terminal,
  progress: ProgressLine,
): Promise<RemoteImport | undefined> {
  const abort = new AbortController();
  const stop = (): void => abort.abort();
  process.once('SIGINT', stop);
  const enter = flags.follow ? enterPressed() : undefined;
  const say = (line: string): void => {
    progress.end();
    print(line);
  };
  try {
    return await openRemote({
      ...address,
      folder: join(flags.data ?? defaultFolder, 'moving', address.appId),
      ...{ resume: flags.resume, restart: flags.restart, live: flags.live },
      follow: enter && { switched: enter.pressed, everyMs: followEveryMs, print: say },
      progress: (at) => progress.show(at),
      note: say,
      wait: (ms) => sleep(ms, undefined, { signal: abort.signal }),
      signal: abort.signal,
    });
  } catch (error) {
    if (!abort.signal.aborted) throw error;
    say(flags.follow ? 'Called off: the copy is removed, and nothing was taken over' : 'Interrupted: add --resume to continue');
    return undefined;
  } finally {
    process.off('SIGINT', stop);
    enter?.close();
  }
}

/** End of input does not count as Enter: without a terminal, the copy ends when the source becomes read-only. */
function enterPressed(): { readonly pressed: Promise<void>; readonly close: () => void } {
  const lines = createInterface({ input: process.stdin });
  const pressed = new Promise<void>((resolve) => lines.once('line', () => resolve()));
  return { pressed, close: () => lines.close() };
}

export function printCopy({ namespaces, isSame }: Settled, print: (line: string) => void): void {
  const width = Math.max(0, ...namespaces.map(({ etype }) => etype.length));
  for (const each of namespaces.filter((compared) => !isEqual(compared))) {
    const { etype, source, copy } = each;
    print(`  ${etype.padEnd(width)}  ${source.rows} rows  ${source.hash}  DIFFERENT: ${copy.rows} rows  ${copy.hash}`);
  }
  const rows = namespaces.reduce((sum, { source }) => sum + source.rows, 0);
  print(
    isSame
      ? `The copy equals what the source answers: ${rows} rows in ${namespaces.length} namespaces`
      : 'The source was written to while it was copied: nothing was taken over. Add --resume --follow, or set it to read-only and add --resume',
  );
}
