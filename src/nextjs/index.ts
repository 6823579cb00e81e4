// Entry `triplane/nextjs`: the database for pages that are rendered on a server and hydrated in the browser. API-compatible with
// `@instantdb/react/nextjs`.

export { init, InstantNextDatabase, InstantSuspenseProvider } from './client.ts';
export type { InstantSuspenseProviderProps } from './provider.ts';
export { getUnverifiedUserFromInstantCookie, getUserFromInstantCookie } from './cookie.ts';
export { createInstantRouteHandler } from 'triplane';
