// The client part of `triplane/react`. Built with 'use client', so that server components can import the entry (a schema, `id`, a route
// handler) without the hooks.

export { Cursors } from './cursors.ts';
export { InstantReactAbstractDatabase, InstantReactWebDatabase } from './database.ts';
export { init } from './init.ts';
export { rooms } from './room.ts';
export { useUndo } from './use-undo.ts';
