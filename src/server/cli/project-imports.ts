// What `i` is imported from, in a project that does not have the package: `triplane`, when it was started by `npx`, or one of
// `@instantdb/*`, which the project came from. They are this package.

import { existsSync } from 'node:fs';
import { register } from 'node:module';
import { fileURLToPath } from 'node:url';

let isProvided = false;

/** The hook runs beside the program, and knows only what is in its text. A package that is there stays what it is. */
const hook = (entry: string): string => `
const isOurs = /^(triplane|@instantdb\\/(core|react|react-native|admin|svelte|solidjs|vue))(\\/react)?$/;
export async function resolve(specifier, context, next) {
  try {
    return await next(specifier, context);
  } catch (error) {
    if (error?.code !== 'ERR_MODULE_NOT_FOUND' || !isOurs.test(specifier)) throw error;
    return next(${JSON.stringify(entry)}, context);
  }
}`;

/** For every import from now on. */
export function provideImports(): void {
  if (isProvided) return;
  isProvided = true;
  // Beside the command in the package, and up from it in the source.
  const entries = ['./index.js', '../../index.ts'].map((path) => new URL(path, import.meta.url));
  const entry = entries.find((url) => url.protocol === 'file:' && existsSync(fileURLToPath(url)));
  if (entry) register(`data:text/javascript,${encodeURIComponent(hook(entry.href))}`);
}
