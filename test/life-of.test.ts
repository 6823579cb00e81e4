// docs/life-of-a-write.md and docs/life-of-a-refresh.md against the code: every file exists, and defines the function named beside it.

import { existsSync, readFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

const root = new URL('../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');
const pages = ['docs/life-of-a-write.md', 'docs/life-of-a-refresh.md'] as const;

/** Whether the source defines a function, method or property of this name, or exports it. */
function defines(source: string, name: string): boolean {
  const method = `^  (?:async |get |static )*#?${name}(?:<[^>]*>)?\\(`;
  const top = `^export (?:async )?(?:function|const|class) ${name}\\b`;
  return new RegExp(`${method}|${top}`, 'm').test(source);
}

describe.each(pages)('%s', (page) => {
  const text = read(page);
  const steps = [...text.matchAll(/^\| (\d+) \| .* \| `(\w+)` \| \[([^\]]+)\]\(\.\.\/([^)]+)\) \|$/gm)].map(
    ([, number, name = '', shown, path = '']) => ({ number: Number(number), name, shown, path }),
  );

  test('is one screen, and every row of the table is a step, in order', () => {
    expect(text.split('\n').length).toBeLessThanOrEqual(45);
    expect(steps.length).toBeGreaterThan(10);
    expect(text.match(/^\| \d/gm)).toHaveLength(steps.length);
    expect(steps.map(({ number }) => number)).toEqual(steps.map((_step, at) => at + 1));
  });

  test.each(steps)('step $number: $path defines $name', ({ name, shown, path }) => {
    expect(shown).toBe(path);
    expect(defines(read(path), name)).toBe(true);
  });

  test('the other files it links to exist', () => {
    for (const [, path = ''] of text.matchAll(/\]\(([^)#]+)\)/g)) expect(existsSync(new URL(path, new URL(page, root))), path).toBe(true);
  });

  test('ARCHITECTURE.md links to it', () => {
    expect(read('ARCHITECTURE.md')).toContain(`](${page})`);
  });

  test('a reader needs few files', () => {
    const client = new Set(steps.map(({ path }) => path).filter((path) => !path.startsWith('src/server/')));
    expect(client.size).toBeLessThanOrEqual(page.endsWith('write.md') ? 22 : 18);
  });
});

test('a name that is not defined is noticed', () => {
  expect(defines('export function transact(): void {}', 'transact')).toBe(true);
  expect(defines('  transact(chunks: unknown): void {\n', 'transact')).toBe(true);
  expect(defines('  return this.transact(chunks);\n// transact(', 'transact')).toBe(false);
});
