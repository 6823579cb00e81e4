// The database below the hooks, whatever its schema; and whether there is a page to draw.

/* eslint-disable @typescript-eslint/no-explicit-any -- hooks work on databases of every schema */

import type { InstantCoreDatabase, InstantSchemaDef } from 'triplane';

export type AnySchemaDef = InstantSchemaDef<any, any, any>;
export type AnyCore = InstantCoreDatabase<any, any>;

export const isServer = typeof window === 'undefined';
