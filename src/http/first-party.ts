// Tells the app's own web server who is signed in. The account module decides when; route-handler.ts is the server's end.

import type { InstantRouteHandlerBody, User } from '../types/auth.ts';
import { type HttpConfig, request } from './request.ts';

type FirstPartyConfig = Omit<HttpConfig, 'apiURI'> & { readonly appId: string; readonly firstPartyPath: string };

/** Sends the currently signed-in user. */
export async function syncUser(config: FirstPartyConfig, user: User | null): Promise<void> {
  const { appId, firstPartyPath: apiURI, fetch, clock } = config;
  const body: InstantRouteHandlerBody = { type: 'sync-user', appId, user };
  await request({ apiURI, fetch, clock }, { method: 'POST', path: '/', body });
}
