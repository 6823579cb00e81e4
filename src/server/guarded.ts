// Callbacks that Node calls outside any promise or handler, and loops that serve many connections: an exception in one of them would end the
// process, or keep the others of the loop waiting for good.

import type { Log } from '../lib/log.ts';

/** Runs a callback that may throw; returns false if it did. */
export type Guarded = (run: () => void) => boolean;

export const connectionFailed = 'a connection failed';

/** `what`: how the log names the failure. */
export function guard(log: Pick<Log, 'error'>, what = connectionFailed): Guarded {
  return (run) => {
    try {
      run();
      return true;
    } catch (error) {
      log.error(what, error);
      return false;
    }
  };
}
