// The client part of `triplane/nextjs`. Built with 'use client', so that server components can import the entry for the cookie and the
// route handler.

export { InstantNextDatabase } from './database.ts';
export { init } from './init.ts';
export { InstantSuspenseProvider } from './provider.ts';
