// Entry `triplane/nextjs`: the database for pages that a server renders and the browser takes over, by the names of `@instantdb/react/nextjs`.

export { init, InstantNextDatabase, InstantSuspenseProvider } from './client.ts';
export type { InstantSuspenseProviderProps } from './provider.ts';
export { getUnverifiedUserFromInstantCookie, getUserFromInstantCookie } from './cookie.ts';
export { createInstantRouteHandler } from 'triplane';
