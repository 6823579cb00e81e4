// A Transport whose code is fetched when a line is first wanted, so that what few need is in nobody's first download.

import { TriplaneError } from '../errors.ts';
import type { Line, LineEvents, Transport } from './transport.ts';

export function transportLater(name: Transport['name'], load: () => Promise<Transport>): Transport {
  return { name, open: (on) => openLater(load, on) };
}

function openLater(load: () => Promise<Transport>, on: LineEvents): Line {
  let line: Line | undefined;
  let isClosed = false;
  load()
    .then((transport) => {
      if (!isClosed) line = transport.open(on);
    })
    .catch((error: unknown) => {
      if (!isClosed) on.closed({ code: 1006, reason: `The transport could not be loaded: ${String(error)}` });
    });
  return {
    send(message) {
      if (!line) throw new TriplaneError('unreachable', 'The line is not open');
      line.send(message);
    },
    close(code, reason) {
      isClosed = true;
      return line?.close(code, reason);
    },
  };
}
