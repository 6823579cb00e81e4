// The door to what goes over HTTP: most visits sign nobody in and keep no file.

import { Lazy } from '../reactor/lazy.ts';

export type HttpCalls = typeof import('./http-calls.ts');

export const httpCalls = new Lazy<HttpCalls>(() => import('./http-calls.ts'));
