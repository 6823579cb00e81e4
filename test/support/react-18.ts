// React 18 under the names of React, for tests that run with both. Its packages are installed under other names, and one of them asks for
// `react` itself: they are bundled once, into modules that share one copy.

import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

import { build } from 'esbuild';

const root = join(import.meta.dirname, '../..');
const folder = join(root, 'node_modules/.cache/react-18');

interface Module {
  /** Where it is installed. */
  readonly at: string;
  readonly names: readonly string[];
}

const modules: Readonly<Record<string, Module>> = {
  react: { at: 'react-18', names: Object.keys(createRequire(import.meta.url)('react-18') as object) },
  'react/jsx-runtime': { at: 'react-18/jsx-runtime', names: ['Fragment', 'jsx', 'jsxs'] },
  'react/jsx-dev-runtime': { at: 'react-18/jsx-dev-runtime', names: ['Fragment', 'jsxDEV'] },
  'react-dom': { at: 'react-dom-18', names: ['createPortal', 'flushSync'] },
  'react-dom/client': { at: 'react-dom-18/client', names: ['createRoot', 'hydrateRoot'] },
  'react-dom/server': { at: 'react-dom-18/server.node', names: ['renderToPipeableStream', 'renderToString'] },
  '@testing-library/react': {
    at: '@testing-library/react',
    names: ['cleanup', 'configure', 'fireEvent', 'render', 'renderHook', 'screen', 'waitFor', 'within'],
  },
};

const fileOf = (name: string): string => join(folder, `${name.replaceAll('/', '-')}.mjs`);

/** For `resolve.alias`. */
export const react18 = Object.keys(modules).map((name) => ({ find: new RegExp(`^${name}$`), replacement: fileOf(name) }));

/** A module that exports by name what the installed one, which is CommonJS, has. */
function stub({ at, names }: Module): string {
  return `import all from '${at}';\nexport const { ${names.join(', ')} } = all;\nexport default all;\n`;
}

export async function setup(): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const stubs = Object.entries(modules).map(([name, module]) => {
    const entry = join(folder, `${name.replaceAll('/', '-')}.stub.js`);
    writeFileSync(entry, stub(module));
    return { in: entry, out: name.replaceAll('/', '-') };
  });
  await build({
    entryPoints: stubs,
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    alias: { react: 'react-18', 'react-dom': 'react-dom-18' },
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    logLevel: 'error',
  });
}
