// What needs a page: everything of `triplane/react` that is its own. Built as a file that says 'use client', so that a server component may
// import the entry (a schema, `id`, a route handler) without the hooks.

export { Cursors } from './cursors.ts';
export { InstantReactAbstractDatabase, InstantReactWebDatabase } from './database.ts';
export { init } from './init.ts';
export { useUndo } from './use-undo.ts';
