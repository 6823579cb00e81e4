// The memory that carries over from one connection attempt to the next: channel number, transport, failure counts. Part of the machine's
// state. Pure.
//
// A fallback transport is for networks that block the best one, not for servers that are down. So it is tried only after the best transport
// failed several times while the network was online; if the fallback fails too, the transport was not the cause. Once a network is known to
// need the fallback, a single failure of the best transport suffices, until the network changes.

export interface TransportChoice {
  /** The number of the newest channel. */
  readonly channel: number;
  /** The index of the transport to use; 0 is the best one. */
  readonly transport: number;
  /** Consecutive failed attempts. */
  readonly failures: number;
  /** Consecutive attempts over the best transport that did not become ready although the network was online. */
  readonly failedAttempts: number;
  /** Consecutive connections that were open and then fell silent. */
  readonly silences: number;
  /** On this network, the fallback worked where the best transport did not. */
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

/** Failures of the best transport before the fallback is tried: a single failure may be a restarting server. */
const attemptsBeforeFallback = 3;

/** Updates the choice after a channel that never became ready. */
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

/**
 * Updates the choice after a channel that had been ready. The next attempt uses the best transport again; if it fails, a fallback that
 * worked is used again after that single attempt.
 */
export function countLostConnection<S extends TransportChoice>(choice: S): S {
  return { ...choice, transport: 0, failedAttempts: 0, needsFallback: choice.transport > 0, failures: choice.failures + 1 };
}

export function countSilence<S extends TransportChoice>(choice: S): S {
  return { ...choice, silences: choice.silences + 1 };
}

/** Another network may not block the best transport. */
export function forgetFallback<S extends TransportChoice>(choice: S): S {
  return { ...choice, transport: 0, failedAttempts: 0, needsFallback: false };
}
