// A Transport whose code is loaded when a connection is first opened, so that rarely used transports are not part of the initial download.

import { TriplaneError } from '../errors.ts';
import type { Channel, ChannelEvents, Transport } from './transport.ts';

export function lazyTransport(name: Transport['name'], load: () => Promise<Transport>): Transport {
  return { name, open: (on) => openLazily(load, on) };
}

function openLazily(load: () => Promise<Transport>, on: ChannelEvents): Channel {
  let channel: Channel | undefined;
  let isClosed = false;
  load()
    .then((transport) => {
      if (!isClosed) channel = transport.open(on);
    })
    .catch((error: unknown) => {
      if (!isClosed) on.closed({ code: 1006, reason: `Could not load the transport: ${String(error)}` });
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
}
