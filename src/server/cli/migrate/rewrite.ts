// Changes to one source file of a project that uses InstantDB's packages, and the places that need attention.

import { initBindings, type InitBindings } from './bindings.ts';
import { type Edit, lineOf } from './edits.ts';
import { scan, type Scanned } from './scan.ts';

export interface Rewritten {
  readonly edits: readonly Edit[];
  readonly notes: readonly string[];
  /** Names under which this file re-exports `init`; `*` for all of a package. */
  readonly exported: readonly string[];
}

/** InstantDB's entries and their counterparts. */
const entries: Readonly<Record<string, string>> = {
  '@instantdb/core': 'triplane',
  '@instantdb/react': 'triplane/react',
  '@instantdb/react/nextjs': 'triplane/nextjs',
  '@instantdb/admin': 'triplane/admin',
};

/** Entries without a counterpart that stay, and why they work or what to do. */
const others: Readonly<Record<string, string>> = {
  '@instantdb/react-native': 'there is no React Native entry yet: keep it, and give its init apiURI and websocketURI',
  '@instantdb/svelte': 'there is no Svelte entry: use `triplane`, or keep it and give its init apiURI and websocketURI',
  '@instantdb/solidjs': 'there is no Solid entry: use `triplane`, or keep it and give its init apiURI and websocketURI',
  '@instantdb/vue': 'there is no Vue entry: use `triplane`, or keep it and give its init apiURI and websocketURI',
  '@instantdb/platform': 'works against a server of your own: give it apiURI',
};

/** Where module names occur: imports, re-exports, `require`, `import()`, declarations, and mocks of test runners. */
const modulePattern =
  /(\bfrom\s*|\bimport\s*\(?\s*|\brequire(?:\.resolve)?\s*\(\s*|\bimport\.meta\.resolve\s*\(\s*|\bdeclare\s+module\s+|\b(?:do|un|unstable_)?[mM]ock(?:Module)?\s*\(\s*|(?<=\b(?:import|require)(?:Actual|Mock|Original)\s*(?:<[^;\n]*>\s*)?)\(\s*)(['"`])(@instantdb\/[\w./-]+)\2/g;
/** A type in a comment. */
const commentPattern = /(\bimport\s*\(\s*)(['"])(@instantdb\/[\w./-]+)\2/g;
const addressPattern = /https?:\/\/api\.instantdb\.com|wss:\/\/api\.instantdb\.com/g;

/** Expressions for the server's URL, in bundled code and in code that runs on Node. */
export interface Addresses {
  readonly bundled: string;
  readonly node: string;
}

export interface RewriteOptions {
  readonly addresses: Addresses;
  /** Of a Vue, Svelte or Astro file. */
  readonly isMarkup?: boolean;
  /** Whether a module of the project re-exports a package's `init`, by name. */
  readonly exportsInit?: (module: string) => boolean;
}

export function rewrite(source: string, { addresses, isMarkup = false, exportsInit = () => false }: RewriteOptions): Rewritten {
  const scanned = scan(source, isMarkup);
  const edits: Edit[] = [];
  const notes: string[] = [];
  for (const match of modulesIn(scanned)) {
    const [whole, , quote = "'", name = ''] = match;
    const end = match.index + whole.length;
    const ours = Object.hasOwn(entries, name) ? entries[name] : undefined;
    if (ours !== undefined) edits.push({ start: end - name.length - 2, end, text: quote + ours + quote });
    else notes.push(`${lineOf(source, match.index)}: ${name}: ${others[name] ?? 'there is nothing here that takes its place'}`);
  }
  const bindings = initBindings(scanned, (module) => Object.hasOwn(entries, module) || exportsInit(module));
  addAddresses(scanned, bindings, addresses, edits, notes);
  for (const { index, 0: found } of source.matchAll(addressPattern))
    if (!scanned.isComment(index)) notes.push(`${lineOf(source, index)}: ${found} is the address of the old host`);
  return { edits, notes, exported: bindings.exported };
}

function* modulesIn(scanned: Scanned): Generator<RegExpExecArray> {
  for (const match of scanned.matches(modulePattern))
    if (scanned.isTextStart(match.index + match[0].length - (match[3] ?? '').length - 2)) yield match;
  for (const match of scanned.source.matchAll(commentPattern)) if (scanned.isComment(match.index)) yield match;
}

function addAddresses(scanned: Scanned, bindings: InitBindings, addresses: Addresses, edits: Edit[], notes: string[]): void {
  for (const { index, end, module } of callsOf(scanned, bindings)) {
    const address = module === '@instantdb/admin' ? addresses.node : addresses.bundled;
    const open = scanned.nextCode(end);
    if (scanned.source[open] !== '{') {
      notes.push(`${lineOf(scanned.source, index)}: init is not called with an object literal: add apiURI: ${address} to its options`);
      continue;
    }
    const literal = scanned.source.slice(open + 1, scanned.closing(open + 1));
    const hasAddress = [...scanned.matches(/\bapiURI\b/g)].some((match) => match.index > open && match.index < open + literal.length);
    if (!hasAddress) edits.push({ start: open + 1, end: open + 1, text: optionText(literal, address) });
  }
}

function optionText(literal: string, address: string): string {
  const [, newline, indent] = /^[ \t]*(\r?\n)([ \t]*)/.exec(literal) ?? [];
  if (newline !== undefined) return `${newline}${indent}apiURI: ${address},`;
  return literal.trim() === '' ? ` apiURI: ${address} ` : ` apiURI: ${address},`;
}

interface InitCall {
  readonly index: number;
  /** After the parenthesis. */
  readonly end: number;
  readonly module: string;
}

function* callsOf(scanned: Scanned, { names, namespaces }: InitBindings): Generator<InitCall> {
  const call = '\\s*(?:<[^()]*(?:\\([^()]*\\)[^()]*)*>)?\\s*\\(';
  const escaped = (name: string): string => name.replaceAll('$', '\\$');
  const targets = [
    ...[...names].map(([name, module]) => [escaped(name), module] as const),
    ...[...namespaces].map(([name, module]) => [`${escaped(name)}\\s*\\.\\s*init(?:_experimental)?`, module] as const),
  ];
  for (const [target, module] of targets) {
    for (const match of scanned.matches(new RegExp(`(?<![\\w$])${target}${call}`, 'g'))) {
      const before = scanned.source.slice(Math.max(0, match.index - 20), match.index);
      if (/(?:(?<!\.\.)\.\s*|\bfunction\s+)$/.test(before)) continue;
      yield { index: match.index, end: match.index + match[0].length, module };
    }
  }
}
