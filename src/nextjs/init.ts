// Where an app begins: `init`.

import { type InitConfig, type InstantUnknownSchema, version } from 'triplane';

import { type AnySchemaDef, InstantNextDatabase } from './database.ts';

/**
 * Opens the database of an app whose pages are rendered on a server first. There nothing is connected: below `InstantSuspenseProvider`,
 * `useSuspenseQuery` asks over HTTP, for whom the page is.
 *
 * @throws TriplaneError 'config-invalid', with what to do about it
 * @example
 * export const db = init({ appId: '7b1c2d3e-4f50-4a61-8b72-9c83ad94be05', firstPartyPath: '/api/instant', schema });
 */
export function init<Schema extends AnySchemaDef = InstantUnknownSchema, UseDates extends boolean = false>(
  config: InitConfig<Schema, UseDates>,
): InstantNextDatabase<Schema, UseDates> {
  return new InstantNextDatabase<Schema, UseDates>(config, { 'triplane/nextjs': version });
}
