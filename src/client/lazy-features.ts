// The features that few programs use, each a chunk of its own: loaded with the first call that needs it.

import { lazy } from '../reactor/lazy.ts';

/** Sign-in, OAuth, files, and pages rendered on a server. One chunk, as a program that makes one of these calls often makes another. */
export const loadHttp = lazy(() => import('./http-calls.ts'));
/** What the official client left on the device. */
export const loadAdoption = lazy(() => import('../reactor/adoption/adopt.ts'));
export const loadStreams = lazy(() => import('../reactor/streams/stream-api.ts'));
export const loadTables = lazy(() => import('../reactor/tables/table-api.ts'));
export const loadEventSource = lazy(() => import('../connection/sse/transport.ts'));

export type HttpCalls = typeof import('./http-calls.ts');
