// A list that is loaded page by page, as a program subscribes to it: what makes it is loaded with the first.

import type { ResolvedConfig } from './config.ts';
import type { InfiniteList, ListUpdate } from './infinite-list.ts';
import { endWithSignal } from '../lib/abort.ts';
import { readListRequest } from './infinite-list.ts';
import { toWireQuery } from './wire-query.ts';
import type { Reactor } from '../reactor/reactor.ts';
import type { Abortable } from '../lib/abort.ts';
import type { InfiniteQuerySubscription } from '../types/database.ts';
import type { InstaQLOptions } from '../types/query.ts';

/** @throws QueryValidationError, TriplaneError 'closed' */
export function subscribeInfiniteList(
  reactor: Reactor,
  app: ResolvedConfig,
  query: unknown,
  told: (update: ListUpdate) => void,
  opts: (Partial<InstaQLOptions> & Abortable) | undefined,
): InfiniteQuerySubscription {
  reactor.assertOpen();
  const request = readListRequest(toWireQuery(query, app));
  const source = {
    subscribe: (page: object, onUpdate: never, onError: never, onReset: () => void) =>
      reactor.queries.subscribe(toWireQuery(page, { disableValidation: true }, opts), { onResult: onUpdate, onError, onReset }),
  };
  let list: InfiniteList | undefined;
  let isEnded = false;
  import('./infinite-list.ts')
    .then((module) => {
      if (!isEnded) list = new module.InfiniteList(request, source, told);
    })
    // Shut down while it was loading: then there is no list, and nobody to tell.
    .catch((error: unknown) => app.log.info(error));
  const unsubscribe = endWithSignal(opts?.signal, () => {
    isEnded = true;
    list?.end();
  });
  return { unsubscribe, loadNextPage: () => list?.loadNextPage() };
}
