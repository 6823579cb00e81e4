// What is drawn by components. Built as a file that says 'use client', so that a server component may import the entry for the cookie and
// the route handler.

export { InstantNextDatabase } from './database.ts';
export { init } from './init.ts';
export { InstantSuspenseProvider } from './provider.ts';
