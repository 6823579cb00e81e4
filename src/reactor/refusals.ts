// The writes that the server refused, by their event ids, until the app has read them and retried or discarded them. They outlive the page.

import type { Write } from './write.ts';

export type Refusals = Map<string, Write>;
