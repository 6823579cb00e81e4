// Entry `triplane/admin`: what is public, by name. No logic. The names of InstantDB's admin SDK are all here; test/support/official-names.ts
// is the list.

export { init, init as init_experimental, InstantAdminDatabase } from './database.ts';
