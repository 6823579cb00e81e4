// The connection that the options ask for.

import type { Settings } from './options.ts';
import { PlainSocket } from './plain-socket.ts';
import { PlatformRealtimeError } from './platform-error.ts';
import type { TokenSource } from './token.ts';
import { type PlatformTransport, socketIoTransport, type TransportEvents } from './transport.ts';

export function transportOf(settings: Settings, tokens: TokenSource, events: TransportEvents): PlatformTransport {
  const { url, io, clock, random, wire, applicationId, environment, connectTimeoutMs, delayMs, maxDelayMs, attempts } = settings;
  const scope = { applicationId, environment };
  const { canRefresh } = tokens;
  if (settings.transport === 'ws') {
    const address = async (request: { readonly force: boolean }): Promise<string> => wire.wsUrl(url, await tokens.get(request), scope);
    return new PlainSocket(
      { clock, random, connectTimeoutMs, delayMs, maxDelayMs, attempts, canRefresh, url: address, webSocket: settings.webSocket },
      events,
    );
  }
  const auth = async (request: { readonly force: boolean }): Promise<Record<string, unknown>> =>
    wire.handshake(await tokens.get(request), scope);
  return socketIoTransport(
    { url, io, clock, random, connectTimeoutMs, delayMs, maxDelayMs, attempts, canRefresh, Failure: PlatformRealtimeError, auth },
    events,
  );
}
