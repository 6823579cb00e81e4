// How long a call may take: ended by the caller's signal or by the clock, and afterwards able to tell which of the two it was.

import type { Clock, Timer } from '../lib/clock.ts';

export interface Deadline {
  readonly signal: AbortSignal;
  /** Why the call was cut short, if it was. */
  readonly ending: 'late' | 'aborted' | undefined;
  /** To be called when the call is over: until then a timer runs. */
  end(): void;
}

/** @param ms no limit if it is absent or infinite */
export function startDeadline(clock: Clock, ms: number | undefined, caller: AbortSignal | null | undefined): Deadline {
  const controller = new AbortController();
  let ending: Deadline['ending'];
  const cut = (why: 'late' | 'aborted'): void => {
    ending ??= why;
    controller.abort(caller?.reason);
  };
  const onAbort = (): void => cut('aborted');
  caller?.addEventListener('abort', onAbort, { once: true });
  if (caller?.aborted) onAbort();
  const timer: Timer | undefined = ms !== undefined && Number.isFinite(ms) ? clock.setTimeout(() => cut('late'), ms) : undefined;
  return {
    signal: controller.signal,
    get ending() {
      return ending;
    },
    end() {
      clock.clearTimeout(timer);
      caller?.removeEventListener('abort', onAbort);
    },
  };
}
