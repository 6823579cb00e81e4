// One source file of a project that uses InstantDB's packages: what has to change in it, and what people have to look at.

import { type Edit, lineOf } from './edits.ts';

export interface Rewritten {
  readonly edits: readonly Edit[];
  readonly notes: readonly string[];
}

/** InstantDB's entries, and ours that take their place. */
const entries: Readonly<Record<string, string>> = {
  '@instantdb/core': 'triplane',
  '@instantdb/react': 'triplane/react',
  '@instantdb/react/nextjs': 'triplane/nextjs',
  '@instantdb/admin': 'triplane/admin',
};

/** Entries that stay, because nothing here takes their place, and why they work or what to do. */
const others: Readonly<Record<string, string>> = {
  '@instantdb/react-native': 'there is no React Native entry yet: keep it, and give its init apiURI and websocketURI',
  '@instantdb/svelte': 'there is no Svelte entry: use `triplane`, or keep it and give its init apiURI and websocketURI',
  '@instantdb/solidjs': 'there is no Solid entry: use `triplane`, or keep it and give its init apiURI and websocketURI',
  '@instantdb/vue': 'there is no Vue entry: use `triplane`, or keep it and give its init apiURI and websocketURI',
  '@instantdb/platform': 'works against a server of your own: give it apiURI',
};

/** Where the name of a module stands: imports, re-exports, `require`, `import()`, and mocks of test runners. */
const modulePattern = /(\bfrom\s*|\bimport\s*\(?\s*|\brequire(?:\.resolve)?\s*\(\s*|\bmock\s*\(\s*)(['"`])(@instantdb\/[\w./-]+)\2/g;
const initPattern = /\b(?:init|init_experimental)\s*(?:<[^(]*>)?\(\s*(\{)?/g;
const addressPattern = /https?:\/\/api\.instantdb\.com|wss:\/\/api\.instantdb\.com/g;

/** Expressions for the address of the server: in code that is bundled, and in code that runs on Node. */
export interface Addresses {
  readonly bundled: string;
  readonly node: string;
}

export function rewrite(source: string, addresses: Addresses): Rewritten {
  const edits: Edit[] = [];
  const notes: string[] = [];
  let importsInit = false;
  for (const match of source.matchAll(modulePattern)) {
    const [whole, , quote = "'", name = ''] = match;
    const end = match.index + whole.length;
    const ours = Object.hasOwn(entries, name) ? entries[name] : undefined;
    if (ours === undefined)
      notes.push(`${lineOf(source, match.index)}: ${name}: ${others[name] ?? 'there is nothing here that takes its place'}`);
    else {
      edits.push({ start: end - name.length - 2, end, text: quote + ours + quote });
      importsInit = true;
    }
  }
  const isNode = /['"]@instantdb\/admin['"]/.test(source);
  if (importsInit) addAddresses(source, isNode ? addresses.node : addresses.bundled, edits, notes);
  for (const { index, 0: found } of source.matchAll(addressPattern)) {
    notes.push(`${lineOf(source, index)}: ${found} is the address of the old host`);
  }
  return { edits, notes };
}

function addAddresses(source: string, address: string, edits: Edit[], notes: string[]): void {
  if (!/\b(?:init|init_experimental)\b[^;]*?from\s*['"]@instantdb|require\(\s*['"]@instantdb/.test(source)) return;
  for (const match of source.matchAll(initPattern)) {
    const before = source.slice(Math.max(0, match.index - 20), match.index);
    if (/(?:\.|function\s+|async\s+)$/.test(before) || isInComment(source, match.index)) continue;
    const open = match.index + match[0].length;
    if (match[1] === undefined) {
      notes.push(`${lineOf(source, match.index)}: init is not called with an object literal: add apiURI: ${address} to its options`);
      continue;
    }
    const close = closingBrace(source, open);
    const literal = source.slice(open, close);
    if (/\bapiURI\b/.test(literal)) continue;
    const indent = /^[ \t]*\r?\n([ \t]*)/.exec(literal)?.[1];
    edits.push({ start: open, end: open, text: indent === undefined ? ` apiURI: ${address},` : `\n${indent}apiURI: ${address},` });
  }
}

function isInComment(source: string, at: number): boolean {
  const line = source.slice(source.lastIndexOf('\n', at) + 1, at);
  return /\/\/|^\s*\*/.test(line) || source.lastIndexOf('/*', at) > source.lastIndexOf('*/', at);
}

/** Where the object literal ends that begins before `from`. */
function closingBrace(source: string, from: number): number {
  let depth = 1;
  const token = /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|\/\/[^\n]*|\/\*[\s\S]*?\*\/|[{}]/g;
  token.lastIndex = from;
  for (let match = token.exec(source); match; match = token.exec(source)) {
    if (match[0] === '{') depth++;
    if (match[0] === '}' && --depth === 0) return match.index;
  }
  return source.length;
}
