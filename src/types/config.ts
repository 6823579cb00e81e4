// The options of `init` with InstantDB's names. Further options (storage, clock and so on), and the validation of all options, are in
// client/config.ts.

/* eslint-disable @typescript-eslint/no-explicit-any -- remarks are of any kind, and a graph of any entities */

import type { AnySchemaDef, InstantGraph } from '../schema/schema.ts';
import type { StoreInterfaceClass } from './ports.ts';
import type { ReadableStreamCtor, WritableStreamCtor } from './streams.ts';

/** Receives log output with `verbose`, instead of the console. */
export interface Logger {
  info: (...args: any[]) => void;
  debug: (...args: any[]) => void;
  error: (...args: any[]) => void;
}

/** Accepted for compatibility; Triplane has no devtool panel. */
export type DevtoolConfig = {
  position?: 'bottom-left' | 'bottom-right' | 'top-right' | 'top-left';
  allowedHosts?: string[];
  dashURI?: string;
};

export type Config = {
  /** The id of the app, a UUID. */
  appId: string;
  /** The WebSocket URL. Default: `wss://api.instantdb.com/runtime/session`. */
  websocketURI?: string;
  /** The base URL for HTTP requests. Default: `https://api.instantdb.com`. */
  apiURI?: string;
  devtool?: boolean | DevtoolConfig;
  /** Whether to log what the client does. */
  verbose?: boolean;
  logger?: Logger;
  /** How many results of queries without subscribers stay in the persistent cache. Default: 10. */
  queryCacheLimit?: number;
  /** Whether attributes declared as dates are returned as `Date`. */
  useDateObjects: boolean;
  /** Skips the validation of queries and transactions against the schema. */
  disableValidation?: boolean;
};

/** Options with a graph, as older programs use them. */
export type ConfigWithSchema<S extends InstantGraph<any, any>> = Config & { schema: S };

/** Options with a schema. */
export type SchemaConfig<S extends AnySchemaDef, UseDates extends boolean> = Omit<Config, 'useDateObjects'> & {
  useDateObjects: UseDates;
  schema?: S;
  /** Logs every event on its own line: to the console, or to `log` if given. */
  debug?: boolean;
  /** The path on the app's own web server that is informed who is signed in. */
  firstPartyPath?: string;
  /** The class of the persistent storage. */
  Store?: StoreInterfaceClass;
  WritableStream?: WritableStreamCtor;
  ReadableStream?: ReadableStreamCtor;
};
