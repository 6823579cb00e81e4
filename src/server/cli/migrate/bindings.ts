// The names under which a source file calls a package's `init`: imported, renamed, as a namespace member, required, or loaded dynamically.

import type { Scanned } from './scan.ts';

export interface InitBindings {
  /** Names bound to `init` itself, with the module of each. */
  readonly names: ReadonlyMap<string, string>;
  /** Names bound to whole modules. */
  readonly namespaces: ReadonlyMap<string, string>;
  /** Names under which `init` is re-exported; `*` for all of a module. */
  readonly exported: readonly string[];
}

const inits: ReadonlySet<string> = new Set(['init', 'init_experimental']);
const importPattern = /\b(import|export)\s+(type\s+)?([^'"`;()]*?)\bfrom\s*(['"])([^'"\n]+)\4/g;
const requirePattern =
  /\b(?:const|let|var|import)\s+(\{[^}]*\}|[\w$]+)\s*(?::[^=]*)?=\s*(?:await\s+)?(?:require|import)\s*\(\s*(['"`])([^'"`\n]+)\2/g;
const thenPattern = /\bimport\s*\(\s*(['"`])([^'"`\n]+)\1\s*\)\s*\.then\s*\(\s*(?:async\s*)?\(?\s*(\{[^}]*\}|[\w$]+)/g;

/** `isSource`: whether a module exports `init`. */
export function initBindings(scanned: Scanned, isSource: (module: string) => boolean): InitBindings {
  const names = new Map<string, string>();
  const namespaces = new Map<string, string>();
  const exported: string[] = [];
  const bind = (clause: string, module: string): void => {
    const namespace = /(?:^|\*\s*as\s+)([\w$]+)\s*$/.exec(clause.trim());
    if (namespace?.[1] !== undefined && !clause.includes('{')) namespaces.set(namespace[1], module);
    for (const [name, local] of namedIn(clause)) if (inits.has(name)) names.set(local, module);
  };
  for (const [, keyword, type, clause = '', , module = ''] of scanned.matches(importPattern)) {
    if (type !== undefined || !isSource(module)) continue;
    if (keyword === 'import') bind(clause, module);
    else if (/^\s*\*\s*$/.test(clause)) exported.push('*');
    else exported.push(...namedIn(clause).flatMap(([name, local]) => (inits.has(name) ? [local] : [])));
  }
  for (const [, clause = '', , module = ''] of scanned.matches(requirePattern)) if (isSource(module)) bind(clause, module);
  for (const [, , module = '', clause = ''] of scanned.matches(thenPattern)) if (isSource(module)) bind(clause, module);
  for (const [, clause = ''] of scanned.matches(/\bexport\s*(\{[^}]*\})(?!\s*from)/g))
    exported.push(...namedIn(clause).flatMap(([name, local]) => (names.has(name) ? [local] : [])));
  return { names, namespaces, exported };
}

/** `{ a, b as c, d: e, type F }`: the name in the module, and the local name. */
function namedIn(clause: string): (readonly [name: string, local: string])[] {
  const list = /\{([^}]*)\}/.exec(clause)?.[1] ?? '';
  return list.split(',').flatMap((each) => {
    const found = /^\s*(?!type\s+[\w$])([\w$]+)\s*(?:(?:\bas\b|:)\s*([\w$]+))?\s*(?:=.*)?$/.exec(each);
    return found?.[1] === undefined ? [] : [[found[1], found[2] ?? found[1]] as const];
  });
}
