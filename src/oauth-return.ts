// Whether someone comes back from an OAuth provider: the address of the page says so. What is done then, before anything else is asked, is
// loaded for them.

import type { ResolvedConfig } from './config.ts';
import { httpCalls } from './http-part.ts';
import type { Page } from './oauth-landing.ts';
import type { KeyValue } from './storage/key-value.ts';
import type { User } from './types/auth.ts';

/** Undefined unless someone returns. What it gives rejects if the provider, or the server, said no. */
export function oauthReturn(
  app: ResolvedConfig,
  store: KeyValue,
  page: Page = globalThis,
): ((guest: User | undefined, signal?: AbortSignal) => Promise<User>) | undefined {
  const query = page.history && page.location?.href.split('#', 1)[0];
  if (!query || !/[?&]_instant_oauth_redirect=[^&]/.test(query) || !/[?&](code|error)=[^&]/.test(query)) return undefined;
  return async (guest, signal) => (await httpCalls.load()).land(app, store, page, guest, signal);
}
