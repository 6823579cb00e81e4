// The options of createRealtimePlatformClient: validation and defaults.

import { type Clock, systemClock } from '../lib/clock.ts';
import { type Random, systemRandom } from '../lib/random.ts';
import { InvalidArgumentError } from '../rooms/room-error.ts';
import type { SocketIoFactory } from '../rooms/socket-io.ts';
import type { SchemaWithRooms } from '../rooms/typed-room.ts';
import type { PlainWebSocket } from './plain-socket.ts';
import type { Environment } from './types.ts';
import { type Wire, wireOf, type WireOptions } from './wire.ts';

export interface PlatformOptions {
  /** Where the platform is: `http://localhost:3000`. */
  readonly url: string;
  readonly token?: string;
  /** Returns a token; called when the last one expires within a minute, or was rejected (`force`). */
  readonly getToken?: (options: { readonly force: boolean }) => Promise<string> | string;
  /** Authenticates API calls, in place of a token. */
  readonly sessionToken?: string;
  /** The header of the session token; `x-session-token` by default. */
  readonly sessionHeader?: 'x-session-token' | 'authorization';
  readonly applicationId?: string;
  readonly environment?: Environment;
  /** Socket.IO by default. Channels need it; topics work over both. */
  readonly transport?: 'socketio' | 'ws';
  /** `rest` is documented and confirmed by the server; `socket` is assumed (A4). */
  readonly publishVia?: 'rest' | 'socket';
  /** `poll` is documented; `events` are assumed (A4). */
  readonly presence?: 'events' | 'poll' | 'off';
  /** At least 1000. */
  readonly presencePollMs?: number;
  /** Types the rooms, as `init({ schema })` does; nothing is checked at run time. */
  readonly schema?: SchemaWithRooms;
  /** Presence data for `setPresence` and the React hooks, sent as messages: the platform's members carry none. */
  readonly sharePresence?: boolean;
  readonly maxPayloadBytes?: number;
  readonly connectTimeoutMs?: number;
  /** Delays between attempts to reconnect, and their number, which is unlimited by default. */
  readonly reconnect?: { readonly delayMs?: number; readonly maxDelayMs?: number; readonly attempts?: number };
  /** Replaces assumptions about the protocol: A0 to A8 and A10 to A12. */
  readonly wire?: WireOptions;
  /** A10: false if topics may have any name; short for `wire.topicName`. */
  readonly validate?: boolean;
  /** A2. */
  readonly wsUrl?: (token: string | undefined) => string;
  readonly io?: SocketIoFactory;
  readonly webSocket?: (url: string) => PlainWebSocket;
  readonly fetch?: typeof fetch;
  /** How long one attempt of a call may take; 60,000 ms by default. `scoped({ timeoutMs })` changes it for some calls. */
  readonly timeoutMs?: number;
  /** A larger response to a call is an error; 100,000,000 by default. */
  readonly maxResponseBytes?: number;
  /** The pause before the first retry of a call. */
  readonly retryDelayMs?: number;
  readonly clock?: Clock;
  readonly random?: Random;
}

export type Settings = Omit<PlatformOptions, 'wire' | 'reconnect'> & {
  readonly wire: Wire;
  readonly clock: Clock;
  readonly random: Random;
  readonly connectTimeoutMs: number;
  readonly delayMs: number;
  readonly maxDelayMs: number;
  readonly attempts: number;
};

export function settingsOf(options: PlatformOptions): Settings {
  const { url, wire, wsUrl, transport, publishVia, presence, presencePollMs = 5_000, clock = systemClock, random = systemRandom } = options;
  const { connectTimeoutMs = 10_000, reconnect: { delayMs = 1_000, maxDelayMs = 30_000, attempts = Infinity } = {} } = options;
  if (!URL.canParse(url)) throw new InvalidArgumentError(`url is not a URL: ${String(url)}`);
  oneOf('transport', transport, ['socketio', 'ws']);
  oneOf('publishVia', publishVia, ['rest', 'socket']);
  oneOf('presence', presence, ['events', 'poll', 'off']);
  if (!(presencePollMs >= 1_000)) throw new InvalidArgumentError('presencePollMs must be at least 1000');
  const complete = wireOf({
    ...(options.validate === false && { topicName: /./ }),
    ...wire,
    ...(wsUrl && { wsUrl: (_url: string, token: string | undefined) => wsUrl(token) }),
  });
  return {
    ...options,
    url: url.replace(/\/+$/, ''),
    presencePollMs,
    wire: complete,
    clock,
    random,
    connectTimeoutMs,
    delayMs,
    maxDelayMs,
    attempts,
  };
}

function oneOf(option: string, value: string | undefined, allowed: readonly string[]): void {
  if (value !== undefined && !allowed.includes(value))
    throw new InvalidArgumentError(`${option} must be one of ${allowed.join(', ')}, not '${value}'`);
}
