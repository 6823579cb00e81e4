// A transport whose module is loaded with its first channel.

import { textOf } from '../lib/thrown.ts';
import { TriplaneError } from '../errors.ts';
import type { Channel, ChannelEvents, Transport } from './transport.ts';

/** A channel whose module cannot be loaded closes, and the connection tries again later. `onError` receives the first reason. */
export function lazyTransport(name: Transport['name'], load: () => Promise<Transport>, onError: (error: Error) => void): Transport {
  let isReported = false;
  const open = (on: ChannelEvents): Channel => {
    let channel: Channel | undefined;
    let isClosed = false;
    load()
      .then((transport) => {
        if (!isClosed) channel = transport.open(on);
      })
      .catch((error: unknown) => {
        if (isClosed) return;
        if (!isReported && error instanceof Error) onError(error);
        isReported = true;
        on.closed({ code: 1006, reason: `Could not load the transport: ${textOf(error)}` });
      });
    return {
      send(message) {
        if (!channel) throw new TriplaneError('unreachable', 'The connection is not open');
        channel.send(message);
      },
      close(code, reason) {
        isClosed = true;
        return channel?.close(code, reason);
      },
    };
  };
  return { name, open };
}
