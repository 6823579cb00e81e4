// `init` of `triplane/react`.

import { type InitConfig, type InstantConfig, type InstantUnknownSchema, version } from 'triplane';
import { InstantReactWebDatabase } from './database.ts';
import type { AnySchemaDef } from './types.ts';

/**
 * Opens the database of an app, with hooks. During server-side rendering, no connection is opened before the first subscription or write.
 *
 * @throws TriplaneError 'config-invalid' if an option is invalid; the message says how to fix it
 *
 * @example
 * export const db = init({ appId: '7b1c2d3e-4f50-4a61-8b72-9c83ad94be05', schema });
 */
export function init<Schema extends AnySchemaDef = InstantUnknownSchema, UseDates extends boolean = false>(
  config: InitConfig<Schema, UseDates>,
): InstantReactWebDatabase<Schema, UseDates, InstantConfig<Schema, UseDates>> {
  return new InstantReactWebDatabase<Schema, UseDates>(config, { 'triplane/react': version });
}
