// `npm run sbom`: a bill of materials (CycloneDX 1.5) of what an installation of this package contains, from the lock file alone: the same lock file
// gives the same text. `npm sbom --omit dev` leaves out what is also a dependency of a development tool.

import { readFileSync } from 'node:fs';

interface LockedPackage {
  readonly version?: string;
  readonly integrity?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly peer?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
}

interface Component {
  readonly type: 'library';
  readonly 'bom-ref': string;
  readonly name: string;
  readonly version: string;
  readonly scope: 'required' | 'optional';
  readonly purl: string;
  readonly hashes: readonly { readonly alg: string; readonly content: string }[];
  readonly licenses: readonly { readonly expression: string }[];
}

export interface BillOfMaterials {
  readonly bomFormat: 'CycloneDX';
  readonly specVersion: string;
  readonly version: number;
  readonly metadata: {
    readonly component: { readonly type: 'library'; readonly 'bom-ref': string; readonly name: string; readonly version: string };
  };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

type Packages = Readonly<Record<string, LockedPackage>>;

/** @param lock the text of package-lock.json */
export function billOfMaterials(lock: string): BillOfMaterials {
  const { name, version, packages } = JSON.parse(lock) as { name: string; version: string; packages: Packages };
  const installed = Object.entries(packages).filter(([path, { dev }]) => path !== '' && !dev);
  const ref = `${name}@${version}`;
  const own = { ref, dependsOn: referencesFrom('', packages) };
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    metadata: { component: { type: 'library', 'bom-ref': ref, name, version } },
    components: installed.map(([path, locked]) => componentOf(path, locked)),
    dependencies: [
      own,
      ...installed.map(([path, locked]) => ({ ref: referenceOf(path, locked), dependsOn: referencesFrom(path, packages) })),
    ],
  };
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
}

function referenceOf(path: string, { version = '' }: LockedPackage): string {
  return `${nameOf(path)}@${version}`;
}

function componentOf(path: string, locked: LockedPackage): Component {
  const { version = '', integrity = '', license } = locked;
  const [, algorithm = '', digest = ''] = /^(sha\d+)-(.+)$/.exec(integrity) ?? [];
  return {
    type: 'library',
    'bom-ref': referenceOf(path, locked),
    name: nameOf(path),
    version,
    scope: locked.optional || locked.peer ? 'optional' : 'required',
    purl: `pkg:npm/${nameOf(path).replace('@', '%40')}@${version}`,
    hashes:
      digest === ''
        ? []
        : [{ alg: algorithm.toUpperCase().replace('SHA', 'SHA-'), content: Buffer.from(digest, 'base64').toString('hex') }],
    licenses: license === undefined ? [] : [{ expression: license }],
  };
}

/** What a package depends on, each as the copy that Node finds from there. */
function referencesFrom(path: string, packages: Packages): string[] {
  return Object.keys(packages[path]?.dependencies ?? {}).flatMap((name) => {
    const folder = foldersAbove(path).find((each) => packages[`${each}node_modules/${name}`]);
    const found = `${folder ?? ''}node_modules/${name}`;
    const locked = packages[found];
    return locked ? [referenceOf(found, locked)] : [];
  });
}

/** `node_modules/a/node_modules/b` → itself, `node_modules/a/` and the root, where Node looks for modules in that order. */
function foldersAbove(path: string): string[] {
  const names = path.split(/\/?node_modules\//).slice(1);
  return names.map((_name, at) => `node_modules/${names.slice(0, names.length - at).join('/node_modules/')}/`).concat('');
}

if (import.meta.filename === process.argv[1]) {
  const lock = readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8');
  console.log(JSON.stringify(billOfMaterials(lock), undefined, 2));
}
