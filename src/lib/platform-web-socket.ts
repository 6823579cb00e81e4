// The WebSocket of the platform: the global one in browsers, that of `ws` in Node. Bundlers for browsers leave `isomorphic-ws` out (`browser` in
// package.json): it reads the global when it is loaded, and where a page is denied that, the app would not start.

import IsomorphicWebSocket from 'isomorphic-ws';

import { readGlobal } from './global.ts';

/**
 * @returns undefined if the platform has none, or does not let this page use it
 * @example
 * const Socket = platformWebSocket();
 * const socket = Socket && new Socket('wss://example.com');
 */
export function platformWebSocket(): typeof IsomorphicWebSocket | typeof WebSocket | undefined {
  return typeof IsomorphicWebSocket === 'function' ? IsomorphicWebSocket : readGlobal(() => globalThis.WebSocket);
}
