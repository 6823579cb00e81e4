// The door to what goes over HTTP: most visits sign nobody in and keep no file.

import { Part } from './reactor/part.ts';

export type HttpCalls = typeof import('./http-calls.ts');

export const httpCalls = new Part<HttpCalls>(() => import('./http-calls.ts'));
