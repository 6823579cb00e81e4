// Resolves the package that `i` is imported from in a project where it is not installed: `triplane` itself when started by `npx`, or one of
// `@instantdb/*` in a project that is migrating. Both resolve to this package.

import { existsSync } from 'node:fs';
import { register } from 'node:module';
import { fileURLToPath } from 'node:url';

let isProvided = false;

/** The hook runs in another thread and knows only its own source text. Installed packages are left alone. */
const hook = (entry: string): string => `
const isOurs = /^(triplane|@instantdb\\/(core|react|react-common|react-native|admin|svelte|solidjs|vue))(\\/.+)?$/;
export async function resolve(specifier, context, next) {
  try {
    return await next(specifier, context);
  } catch (error) {
    if (error?.code !== 'ERR_MODULE_NOT_FOUND' || !isOurs.test(specifier)) throw error;
    return next(${JSON.stringify(entry)}, context);
  }
}`;

/** Applies to every later import. */
export function provideImports(): void {
  if (isProvided) return;
  isProvided = true;
  // In the package it is next to the command; in the source tree, above it.
  const entries = ['./index.js', '../../index.ts'].map((path) => new URL(path, import.meta.url));
  const entry = entries.find((url) => url.protocol === 'file:' && existsSync(fileURLToPath(url)));
  if (entry) register(`data:text/javascript,${encodeURIComponent(hook(entry.href))}`);
}
