// `<InstantSuspenseProvider>`: streams query results to the browser along with the page.

/* eslint-disable @typescript-eslint/no-explicit-any -- databases of every schema */

import { useServerInsertedHTML } from 'next/navigation.js';
import { createElement, type ReactElement, type ReactNode, useMemo, useState } from 'react';
import { TriplaneError, type User } from 'triplane';
import type { InstantReactWebDatabase } from 'triplane/react';
import { scriptOf } from './hydration-script.ts';
import { HydratedResults } from './hydration.ts';
import { isServer } from '../lib/is-server.ts';
import { internals } from '../lib/internals.ts';
import { PageContext, type PageContextValue } from './page-context.ts';
import { ServerQueryCache } from './server-render.ts';

export interface InstantSuspenseProviderProps {
  db: InstantReactWebDatabase<any, any>;
  /** The user the page is rendered for: `await getUnverifiedUserFromInstantCookie(appId)`. */
  user?: User | null;
  /** The nonce of the page's Content-Security-Policy. */
  nonce?: string;
  children: ReactNode;
}

/**
 * Enables `db.useSuspenseQuery` on the server for all components below it; the results are sent to the browser with the page.
 *
 * @example
 * <InstantSuspenseProvider db={db} user={user}>
 *   <Suspense fallback="Loading"><Goals /></Suspense>
 * </InstantSuspenseProvider>
 */
export function InstantSuspenseProvider({ db, user, nonce, children }: InstantSuspenseProviderProps): ReactElement {
  if (!db) throw new TriplaneError('config-invalid', '<InstantSuspenseProvider> requires the prop db');
  const { core } = db;
  const [queryCache] = useState(() => (isServer ? new ServerQueryCache(core, tokenOf(user)) : undefined));
  const hydrated = isServer ? undefined : HydratedResults.of(core, user);
  useServerInsertedHTML(() => {
    const chunks = queryCache?.drainUnsent() ?? [];
    if (chunks.length === 0) return null;
    const script = { __html: scriptOf(core[internals].app.appId, chunks) };
    return createElement('script', { key: chunks[0]?.[0], nonce, dangerouslySetInnerHTML: script });
  });
  const page = useMemo((): PageContextValue => ({ user, queryCache, hydrated }), [user, queryCache, hydrated]);
  return createElement(PageContext.Provider, { value: page }, children);
}

function tokenOf(user: User | null | undefined): string | undefined {
  if (user && !user.refresh_token)
    throw new TriplaneError('config-invalid', '<InstantSuspenseProvider>: the prop user has no refresh_token; pass the complete user');
  return user?.refresh_token;
}
