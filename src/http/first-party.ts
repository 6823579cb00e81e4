// The client's call that tells the app's own web server who is signed in. The server's end is route-handler.ts.

import type { User } from '../types/auth.ts';
import type { InstantRouteHandlerBody } from '../types/auth.ts';
import { type HttpConfig, request } from './request.ts';

type FirstPartyConfig = Omit<HttpConfig, 'apiURI'> & { readonly appId: string; readonly firstPartyPath: string };

/** Tells who is signed in now. */
export async function syncUser(config: FirstPartyConfig, user: User | null): Promise<void> {
  const { appId, firstPartyPath: apiURI, fetch, clock } = config;
  const body: InstantRouteHandlerBody = { type: 'sync-user', appId, user };
  await request({ apiURI, fetch, clock }, { method: 'POST', path: '/', body });
}
