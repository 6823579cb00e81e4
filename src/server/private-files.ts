// Files with data, keys and tokens are for the user of the process only, whatever its umask is. What exists keeps its mode: whoever set it
// may have wanted it.

import { closeSync, openSync } from 'node:fs';

export const privateFile = 0o600;
export const privateFolder = 0o700;

/** Makes an empty file unless there is one. Whatever else prevents it is left to whoever opens the file. */
export function makePrivateFile(path: string): void {
  try {
    closeSync(openSync(path, 'wx', privateFile));
  } catch {
    // An existing file is not even opened: closing it would end the locks that this process holds on it.
  }
}
