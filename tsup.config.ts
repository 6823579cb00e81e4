// What the package is made of: its entries, each declared here and nowhere else, and how they are built. `exports` and the sizes in
// package.json are held against this list by test/package/entries.test.ts.

import type { PluginBuild } from 'esbuild';
import { defineConfig } from 'tsup';

/** Public name → source. The built files take the last part of the name: `triplane/server` is dist/server.js. */
export const entries: Readonly<Record<string, string>> = {
  triplane: 'src/index.ts',
  'triplane/react': 'src/react/index.ts',
  'triplane/nextjs': 'src/nextjs/index.ts',
  'triplane/admin': 'src/admin/index.ts',
  'triplane/server': 'src/server/index.ts',
  'triplane/testing': 'src/testing/index.ts',
  'triplane/insforge': 'src/insforge/index.ts',
  'triplane/realtime-platform': 'src/realtime-platform/index.ts',
};

/** Command → source. Modules only: a command is never required. */
export const commands: Readonly<Record<string, string>> = {
  cli: 'src/server/cli/cli.ts',
};

/**
 * Modules that programs import alone. They are built as files of their own, so that a bundler, which cannot look inside a file for what has
 * no effect, leaves out all the rest.
 */
const parts: Readonly<Record<string, string>> = {
  'part-compat': 'src/client/compat.ts',
  'part-database': 'src/client/database.ts',
  'part-id': 'src/lib/uuid.ts',
  'part-schema': 'src/schema/schema.ts',
  'part-tx': 'src/transact/chunk.ts',
  'part-undo': 'src/client/undo.ts',
};

/** The part of an entry that bundlers for servers are to leave to the browser stands in a file that says so. */
const client = {
  name: 'react-client',
  setup(build: PluginBuild): void {
    const end = build.initialOptions.outExtension?.['.js'] ?? '.js';
    build.onResolve({ filter: /^\.\/client\.ts$/ }, ({ importer }) => {
      const name = /src\/(react|nextjs)\/index\.ts$/.exec(importer)?.[1];
      return name === undefined ? null : { path: `./part-${name}${end}`, external: true };
    });
  },
};

/** `triplane` → `index`, `triplane/server` → `server`. */
export function outputName(entry: string): string {
  return entry === 'triplane' ? 'index' : entry.slice('triplane/'.length);
}

const shared = {
  target: 'es2022',
  platform: 'node',
  // Without it `node:sqlite`, which has no other name, would be asked for as `sqlite`.
  removeNodeProtocol: false,
  // An entry never brings a second copy of another, nor of an optional package.
  external: [
    /^triplane(\/|$)/,
    /^react(\/|$)/,
    'react-dom',
    /^next\//,
    'pg',
    'libsql',
    'socket.io-client',
    'better-sqlite3',
    'bun:sqlite',
    '@bufbuild/cel',
    '@bufbuild/re2',
    'prom-client',
    'nodemailer',
    /^@aws-sdk\//,
  ],
  outDir: 'dist',
  silent: true,
} as const;

const entry = Object.fromEntries(Object.entries(entries).map(([name, source]) => [outputName(name), source]));

export default defineConfig([
  {
    ...shared,
    external: [...shared.external],
    entry: { ...entry, ...parts },
    format: ['esm', 'cjs'],
    // One `TriplaneError` for all entries, in both formats.
    splitting: true,
    dts: { entry },
    esbuildPlugins: [client],
  },
  {
    ...shared,
    external: [...shared.external],
    entry: { 'part-react': 'src/react/client.ts', 'part-nextjs': 'src/nextjs/client.ts' },
    format: ['esm', 'cjs'],
    splitting: false,
    dts: false,
    banner: { js: "'use client';" },
  },
  { ...shared, external: [...shared.external], entry: { ...commands }, format: ['esm'], splitting: false, dts: false },
]);
