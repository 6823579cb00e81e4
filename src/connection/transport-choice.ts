// What is remembered from one try to the next: which line is the newest, over which transport, and how often it went
// wrong. Part of the machine's state; pure.
//
// A fallback is for networks that do not let the best transport through, not for servers that are down. So it is tried only
// after the best one missed several times while there was a network; if it misses too, it was not the transport's fault. That
// a network needs it is remembered until the network changes: one miss of the best one is then enough.

export interface TransportChoice {
  /** Number of the newest line. */
  readonly channel: number;
  /** Index of the transport to go by. The first is the best. */
  readonly transport: number;
  /** Tries in a row that came to nothing. */
  readonly failures: number;
  /** Tries in a row over the best transport that did not get to be ready, though the network is there. */
  readonly failedAttempts: number;
  /** Lines in a row that were open and then fell silent. */
  readonly silences: number;
  /** On this network the fallback worked where the best transport did not. */
  readonly needsFallback: boolean;
}

export const initialChoice: TransportChoice = {
  channel: 0,
  transport: 0,
  failures: 0,
  failedAttempts: 0,
  silences: 0,
  needsFallback: false,
};

/** So often the best transport may miss before the next is tried: one miss may be no more than a server that restarts. */
const attemptsBeforeFallback = 3;

/** After a line that never got to be ready. */
export function countFailedAttempt<S extends TransportChoice>(
  choice: S,
  env: { readonly isOnline: boolean; readonly transports: number },
): S {
  const { transport, needsFallback } = choice;
  const failures = choice.failures + 1;
  const failedAttempts = choice.failedAttempts + 1;
  if (!env.isOnline) return { ...choice, failures };
  if (transport === 0 && failedAttempts < (needsFallback ? 1 : attemptsBeforeFallback)) return { ...choice, failures, failedAttempts };
  return { ...choice, failures, transport: (transport + 1) % env.transports, failedAttempts: 0 };
}

/** After a line that the server spoke on. A fallback that worked is left again, but for no more than one try. */
export function countLostConnection<S extends TransportChoice>(choice: S): S {
  return { ...choice, transport: 0, failedAttempts: 0, needsFallback: choice.transport > 0, failures: choice.failures + 1 };
}

export function countSilence<S extends TransportChoice>(choice: S): S {
  return { ...choice, silences: choice.silences + 1 };
}

/** Another network may let through what the last one did not. */
export function forgetFallback<S extends TransportChoice>(choice: S): S {
  return { ...choice, transport: 0, failedAttempts: 0, needsFallback: false };
}
