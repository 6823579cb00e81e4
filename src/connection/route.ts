// What is remembered from one try to the next: which line is the newest, over which transport, and how often it went
// wrong. Part of the machine's state; pure.

export interface Route {
  /** Number of the newest line. */
  readonly line: number;
  /** Index of the transport to go by. The first is the best. */
  readonly transport: number;
  /** Tries in a row that came to nothing. */
  readonly failures: number;
  /** Tries in a row over this transport that did not get to be ready, though the network is there. */
  readonly misses: number;
  /** Lines in a row that were open and then fell silent. */
  readonly silences: number;
}

export const firstRoute: Route = { line: 0, transport: 0, failures: 0, misses: 0, silences: 0 };

/** So often a transport may miss before the next is tried: one miss may be no more than a server that restarts. */
const missesAllowed = 3;

export function nextLine(route: Route): Route {
  return { ...route, line: route.line + 1 };
}

/** After a line that never got to be ready. */
export function missed(route: Route, at: { readonly isOnline: boolean; readonly transports: number }): Route {
  const failures = route.failures + 1;
  if (!at.isOnline) return { ...route, failures };
  const misses = route.misses + 1;
  if (misses < missesAllowed) return { ...route, failures, misses };
  return { ...route, failures, transport: (route.transport + 1) % at.transports, misses: 0 };
}

/** After a line that the server spoke on. A fallback that worked is left again, but for no more than one try. */
export function lost(route: Route): Route {
  const misses = route.transport > 0 ? missesAllowed - 1 : 0;
  return { ...route, transport: 0, misses, failures: route.failures + 1 };
}

export function silenced(route: Route): Route {
  return { ...route, silences: route.silences + 1 };
}

/** Another network may let through what the last one did not. */
export function afresh(route: Route): Route {
  return { ...route, transport: 0, misses: 0 };
}
