// What a program tells `init`, in the names it may already use. What it may hand in besides, a store or a clock, is in config.ts, which
// also checks all of it.

/* eslint-disable @typescript-eslint/no-explicit-any -- remarks are of any kind, and a graph of any entities */

import type { AnySchemaDef, InstantGraph } from '../schema/schema.ts';
import type { StoreInterfaceClass } from './ports.ts';
import type { ReadableStreamCtor, WritableStreamCtor } from './streams.ts';

/** Where remarks go with `verbose`, instead of the console. */
export interface Logger {
  info: (...args: any[]) => void;
  debug: (...args: any[]) => void;
  error: (...args: any[]) => void;
}

/** Accepted so that programs which have it keep working; there is no such panel here. */
export type DevtoolConfig = {
  position?: 'bottom-left' | 'bottom-right' | 'top-right' | 'top-left';
  allowedHosts?: string[];
  dashURI?: string;
};

export type Config = {
  /** Which app: a uuid. */
  appId: string;
  /** Where the line goes to: `wss://api.instantdb.com/runtime/session`, unless said otherwise. */
  websocketURI?: string;
  /** Where all else goes to: `https://api.instantdb.com`, unless said otherwise. */
  apiURI?: string;
  devtool?: boolean | DevtoolConfig;
  /** Whether to say what goes on. */
  verbose?: boolean;
  logger?: Logger;
  /** How many answers to queries that nobody listens to any more are kept on the device: 10, unless said otherwise. */
  queryCacheLimit?: number;
  /** Whether attributes declared as dates are read as `Date`. */
  useDateObjects: boolean;
  /** Whether queries and transactions are sent without a look at the schema. */
  disableValidation?: boolean;
};

/** The same with a graph, as older programs have it. */
export type ConfigWithSchema<S extends InstantGraph<any, any>> = Config & { schema: S };

/** The same with a schema. */
export type SchemaConfig<S extends AnySchemaDef, UseDates extends boolean> = Omit<Config, 'useDateObjects'> & {
  useDateObjects: UseDates;
  schema?: S;
  /** Whether to say what goes on, in a line per event: to the console, or to `log` if one is handed in. */
  debug?: boolean;
  /** Where the program's own web server is told who is signed in. */
  firstPartyPath?: string;
  /** How things are kept on the device. */
  Store?: StoreInterfaceClass;
  WritableStream?: WritableStreamCtor;
  ReadableStream?: ReadableStreamCtor;
};
