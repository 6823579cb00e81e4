// The HTTP side is loaded with the first request. Sessions on WebSockets do not need it, and with the platform objects it needs, it takes
// 6 MB, a third of what an idle server adds to Node.

import type { RequestListener } from 'node:http';
import type { Log } from '../../lib/log.ts';

/** Requests that arrive while it is loaded wait. If that fails, they are answered with status 500, and the next one tries again. */
export function loadedListener(load: () => Promise<RequestListener>, log: Log): RequestListener {
  let loading: Promise<RequestListener> | undefined;
  return (request, response) => {
    loading ??= load();
    loading.then(
      (listener) => listener(request, response),
      (cause: unknown) => {
        loading = undefined;
        log.error('the HTTP side of the server could not be loaded', cause);
        response.writeHead(500).end();
      },
    );
  };
}
