// A list that is loaded page by page, as a program subscribes to it: what makes it is loaded with the first.

import type { ResolvedConfig } from './config.ts';
import type { InfiniteList, ListNews } from './infinite-query.ts';
import { endedBy } from './lib/abort.ts';
import { readListRequest } from './list-request.ts';
import { queryOf } from './query-of.ts';
import type { Reactor } from './reactor/reactor.ts';
import type { Abortable } from './types/abort.ts';
import type { InfiniteQuerySubscription } from './types/database.ts';
import type { InstaQLOptions } from './types/query.ts';

/** @throws QueryValidationError, TriplaneError 'closed' */
export function openList(
  reactor: Reactor,
  app: ResolvedConfig,
  query: unknown,
  told: (news: ListNews) => void,
  opts: (Partial<InstaQLOptions> & Abortable) | undefined,
): InfiniteQuerySubscription {
  reactor.assertOpen();
  const request = readListRequest(queryOf(query, app));
  const source = {
    subscribe: (page: object, told: never, failed: never, emptied: () => void) =>
      reactor.queries.subscribe(queryOf(page, { disableValidation: true }, opts), { told, failed, emptied }),
  };
  let list: InfiniteList | undefined;
  let isEnded = false;
  import('./infinite-query.ts')
    .then((module) => {
      if (!isEnded) list = new module.InfiniteList(request, source, told);
    })
    // Shut down while it was loading: then there is no list, and nobody to tell.
    .catch((error: unknown) => app.log.info(error));
  const unsubscribe = endedBy(opts?.signal, () => {
    isEnded = true;
    list?.end();
  });
  return { unsubscribe, loadNextPage: () => list?.loadNextPage() };
}
