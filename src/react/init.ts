// Where an app begins: `init`.

import { type InitConfig, type InstantConfig, type InstantUnknownSchema, version } from 'triplane';

import type { AnySchemaDef } from './types.ts';
import { InstantReactWebDatabase } from './database.ts';

/**
 * Opens the database of an app, with hooks. Where a page is rendered on a server nothing is connected until something is asked or written
 * there.
 *
 * @throws TriplaneError 'config-invalid', with what to do about it
 * @example
 * export const db = init({ appId: '7b1c2d3e-4f50-4a61-8b72-9c83ad94be05', schema });
 */
export function init<Schema extends AnySchemaDef = InstantUnknownSchema, UseDates extends boolean = false>(
  config: InitConfig<Schema, UseDates>,
): InstantReactWebDatabase<Schema, UseDates, InstantConfig<Schema, UseDates>> {
  return new InstantReactWebDatabase<Schema, UseDates>(config, { 'triplane/react': version });
}
