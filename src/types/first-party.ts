// What a client tells the web server of its own program, so that this knows who is signed in when it renders a page.

import type { User } from './auth.ts';

/** What can be told, by type. */
export type InstantRouteHandlerPayloadByType = { 'sync-user': { appId: string; user: User | null } };

export type InstantRouteHandlerType = keyof InstantRouteHandlerPayloadByType;

/** A message with its type. */
export type InstantRouteHandlerBody<Type extends InstantRouteHandlerType = InstantRouteHandlerType> = {
  [T in Type]: { type: T } & InstantRouteHandlerPayloadByType[T];
}[Type];
