// `init` of `triplane/nextjs`.

import { type InitConfig, type InstantUnknownSchema, version } from 'triplane';
import { type AnySchemaDef, InstantNextDatabase } from './database.ts';

/**
 * Opens the database of a Next.js app. On the server no connection is opened; below `InstantSuspenseProvider`, `useSuspenseQuery` runs
 * queries over HTTP for the user of the page.
 *
 * @throws TriplaneError 'config-invalid' if an option is invalid; the message says how to fix it
 *
 * @example
 * export const db = init({ appId: '7b1c2d3e-4f50-4a61-8b72-9c83ad94be05', firstPartyPath: '/api/instant', schema });
 */
export function init<Schema extends AnySchemaDef = InstantUnknownSchema, UseDates extends boolean = false>(
  config: InitConfig<Schema, UseDates>,
): InstantNextDatabase<Schema, UseDates> {
  return new InstantNextDatabase<Schema, UseDates>(config, { 'triplane/nextjs': version });
}
