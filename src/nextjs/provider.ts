// Where answers are sent along with the page: `<InstantSuspenseProvider>`.

/* eslint-disable @typescript-eslint/no-explicit-any -- databases of every schema */

import { useServerInsertedHTML } from 'next/navigation.js';
import { createElement, type ReactElement, type ReactNode, useMemo, useState } from 'react';
import { TriplaneError, type User } from 'triplane';
import type { InstantReactWebDatabase } from 'triplane/react';

import { HydratedResults } from './hydration.ts';
import { scriptOf } from './hydration-script.ts';
import { isServer, type PageContextValue, PageContext } from './page-context.ts';
import { ServerQueryCache } from './server-render.ts';

export interface InstantSuspenseProviderProps {
  db: InstantReactWebDatabase<any, any>;
  /** Whom the page is for: `await getUnverifiedUserFromInstantCookie(appId)`. */
  user?: User | null;
  /** Of the page's Content-Security-Policy. */
  nonce?: string;
  children: ReactNode;
}

/**
 * Below it `db.useSuspenseQuery` is answered on the server too, and the answers go to the browser with the page.
 *
 * @example
 * <InstantSuspenseProvider db={db} user={user}>
 *   <Suspense fallback="Loading"><Goals /></Suspense>
 * </InstantSuspenseProvider>
 */
export function InstantSuspenseProvider({ db, user, nonce, children }: InstantSuspenseProviderProps): ReactElement {
  if (!db) throw new TriplaneError('config-invalid', '<InstantSuspenseProvider> needs db={…}');
  const { core } = db;
  const [queryCache] = useState(() => (isServer ? new ServerQueryCache(core, tokenOf(user)) : undefined));
  const hydrated = isServer ? undefined : HydratedResults.of(core, user);
  useServerInsertedHTML(() => {
    const chunks = queryCache?.drainUnsent() ?? [];
    if (chunks.length === 0) return null;
    const script = { __html: scriptOf(core._app.appId, chunks) };
    return createElement('script', { key: chunks[0]?.[0], nonce, dangerouslySetInnerHTML: script });
  });
  const page = useMemo((): PageContextValue => ({ user, queryCache, hydrated }), [user, queryCache, hydrated]);
  return createElement(PageContext.Provider, { value: page }, children);
}

function tokenOf(user: User | null | undefined): string | undefined {
  if (user && !user.refresh_token) throw new TriplaneError('config-invalid', 'user={…} has no refresh_token: hand in the whole user');
  return user?.refresh_token;
}
