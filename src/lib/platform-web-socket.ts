// The WebSocket of the platform: the global one in browsers, that of `ws` on Node. isomorphic-ws is loaded on Node only: its build for browsers
// reads the global unguarded while it is loaded, so that an app would not start in a page that is denied it.

import type IsomorphicWebSocket from 'isomorphic-ws';

import { readGlobal } from './global.ts';

declare const process: { readonly versions: { readonly node?: string } };

/** @returns nothing if the platform has none, or does not let this page use it */
export async function loadWebSocket(): Promise<typeof IsomorphicWebSocket | typeof WebSocket | undefined> {
  const isNode = readGlobal(() => process.versions.node) !== undefined;
  return isNode ? (await import('isomorphic-ws')).default : readGlobal(() => WebSocket);
}
