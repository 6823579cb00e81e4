// The package as a user gets it: packed, unpacked into the node_modules of an empty project, its dependencies linked. No network.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export const root = join(import.meta.dirname, '../..');

/** A supported import: its bundled size, minified and gzipped with all dependencies, may not pass `limit` bytes. */
export interface SizeLimit {
  readonly import: string;
  readonly from: string;
  /** Bytes that a page loads at once. */
  readonly limit: number;
  /** With what is loaded when it is first used, if that is more. */
  readonly all?: number;
}

export interface Manifest {
  readonly version: string;
  readonly bin: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, unknown>>;
  readonly typesVersions: Readonly<Record<string, unknown>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly sizes: readonly SizeLimit[];
}

export const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;

export interface Project {
  /** The empty project; its node_modules/triplane is what was packed. */
  readonly folder: string;
  readonly tarball: string;
  /** What the tarball holds, without `package/`. */
  readonly files: readonly string[];
  /** Writes a file into the project and gives its path. */
  write(name: string, text: string): string;
  remove(): void;
}

/** Links what the package asks for, and the types that every TypeScript project on Node has. */
function linkDependencies(modules: string): void {
  const { dependencies, peerDependencies, optionalDependencies } = manifest;
  const names = [
    ...Object.keys({ ...dependencies, ...peerDependencies, ...optionalDependencies }),
    '@types/node',
    '@types/react',
    '@types/ws',
  ];
  for (const name of names) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), join(modules, name), 'dir');
  }
}

export function packedProject(): Project {
  const folder = mkdtempSync(join(tmpdir(), 'triplane-packed-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder];
    const sent = execFileSync('npm', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    const [packed] = JSON.parse(sent) as { filename: string; files: { path: string }[] }[];
    if (!packed) throw new Error(`npm pack made nothing: ${sent}`);
    const tarball = join(folder, packed.filename);
    const target = join(folder, 'node_modules/triplane');
    mkdirSync(target, { recursive: true });
    execFileSync('tar', ['-xzf', tarball, '-C', target, '--strip-components=1']);
    linkDependencies(join(folder, 'node_modules'));
    const write = (name: string, text: string) => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    return { folder, tarball, files: packed.files.map(({ path }) => path), write, remove };
  } catch (cause) {
    remove();
    throw cause;
  }
}
