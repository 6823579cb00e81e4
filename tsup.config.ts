// What the package is made of: its entries, each declared here and nowhere else, and how they are built. `exports` and the sizes in
// package.json are held against this list by test/package/entries.test.ts.

import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { PluginBuild } from 'esbuild';
import { defineConfig } from 'tsup';

import type { ClientParts } from './scripts/build-client.ts';

/** Public name → source. The built files take the last part of the name: `triplane/server` is dist/server.js. */
export const entries: Readonly<Record<string, string>> = {
  triplane: 'src/index.ts',
  'triplane/react': 'src/react/index.ts',
  'triplane/nextjs': 'src/nextjs/index.ts',
  'triplane/admin': 'src/admin/index.ts',
  'triplane/server': 'src/server/index.ts',
  'triplane/testing': 'src/testing/index.ts',
  'triplane/storage-conformance': 'src/storage-conformance/index.ts',
  'triplane/insforge': 'src/insforge/index.ts',
  'triplane/realtime-platform': 'src/realtime-platform/index.ts',
};

/** Command → source. Modules only: a command is never required. */
export const commands: Readonly<Record<string, string>> = {
  cli: 'src/server/cli/cli.ts',
};

/** The folder of dist/ for what commands import dynamically: modules only, as they are. */
export const commandParts = 'commands';

/** The files that the entry `triplane` is built as, by scripts/build-client.ts. */
export const clientParts: ClientParts = {
  base: ['src/errors.ts', 'src/client/id.ts'],
  core: 'src/client/database.ts',
  lazy: {
    adoption: 'src/reactor/adoption/adopt.ts',
    http: 'src/client/http-calls.ts',
    observer: 'src/reactor/debug/observer.ts',
    recovery: 'src/reactor/recovery.ts',
    slices: 'src/reactor/queries/sliced-transport.ts',
    sse: 'src/connection/sse/transport.ts',
    streams: 'src/reactor/streams/stream-api.ts',
    tables: 'src/reactor/tables/table-api.ts',
  },
};

/** One `TriplaneError` for all entries: they import it from the file that has it. */
const sharedErrors = {
  name: 'shared-errors',
  setup(build: PluginBuild): void {
    const end = build.initialOptions.outExtension?.['.js'] ?? '.js';
    const errors = fileURLToPath(new URL('src/errors.ts', import.meta.url));
    build.onResolve({ filter: /\/errors\.ts$/ }, ({ path, resolveDir }) =>
      resolve(resolveDir, path) === errors ? { path: `./part-base${end}`, external: true } : null,
    );
  },
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

/**
 * Two small packages are part of what is built. nanoid has no CommonJS, so that Jest could not load it; its browser build runs everywhere.
 * eventemitter3's module imports CommonJS, which a page that is served without a bundler cannot load.
 */
const bundled = ['nanoid', 'eventemitter3'];
export const webNanoid = {
  name: 'web-nanoid',
  setup(build: PluginBuild): void {
    const path = fileURLToPath(new URL('node_modules/nanoid/index.browser.js', import.meta.url));
    build.onResolve({ filter: /^nanoid$/ }, () => ({ path }));
  },
};

/** `triplane` → `index`, `triplane/server` → `server`. */
export function outputName(entry: string): string {
  return entry === 'triplane' ? 'index' : entry.slice('triplane/'.length);
}

export const shared = {
  target: 'es2022',
  platform: 'node',
  // Without it `node:sqlite`, which has no other name, would be asked for as `sqlite`.
  removeNodeProtocol: false,
  noExternal: bundled,
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
    'yauzl',
    'yazl',
    /^@aws-sdk\//,
  ],
  outDir: 'dist',
  silent: true,
} as const;

/** Where scripts/build.ts puts the declarations of single sources, for as long as it takes. */
export const declarations = 'dist/declarations';

const entry = Object.fromEntries(Object.entries(entries).map(([name, source]) => [outputName(name), source]));
const { index: _client, ...others } = entry;
const declared = Object.fromEntries(
  Object.entries(entry).map(([name, source]) => [name, `${declarations}/${source.replace(/\.ts$/, '.d.ts')}`]),
);

export default defineConfig([
  {
    ...shared,
    external: [...shared.external],
    // scripts/build-commonjs.ts makes the CommonJS from what this builds.
    entry: others,
    format: ['esm'],
    splitting: true,
    dts: false,
    esbuildPlugins: [client, sharedErrors, webNanoid],
  },
  {
    ...shared,
    external: [...shared.external],
    entry: declared,
    format: ['esm', 'cjs'],
    dts: { entry: declared, only: true },
  },
  {
    ...shared,
    external: [...shared.external],
    entry: { 'part-react': 'src/react/client.ts', 'part-nextjs': 'src/nextjs/client.ts' },
    format: ['esm', 'cjs'],
    splitting: false,
    dts: false,
    banner: { js: "'use client';" },
    esbuildPlugins: [webNanoid],
  },
  {
    ...shared,
    entry: { ...commands },
    // A process of its own, which shares these with nobody: as few files it starts with 8 MB less, most of which Node needs to find and read
    // many small modules, and to find out what a CommonJS module exports. What is imported dynamically is loaded when it is used.
    noExternal: [...bundled, /^hono(\/|$)/, '@hono/node-server', 'ws'],
    external: [...shared.external, 'bufferutil', 'utf-8-validate'],
    // `ws` is CommonJS, which asks for modules of Node with `require`.
    banner: { js: "import { createRequire as requireFrom } from 'node:module';\nconst require = requireFrom(import.meta.url);" },
    format: ['esm'],
    splitting: true,
    dts: false,
    esbuildPlugins: [webNanoid],
    // Node keeps the text of what it runs in memory: without comments and indentation it is a quarter less.
    esbuildOptions(options) {
      options.minifyWhitespace = true;
      options.chunkNames = `${commandParts}/[name]-[hash]`;
      options.lineLimit = 160;
    },
  },
]);
