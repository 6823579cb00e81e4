// Whether every feature of InstantDB's Python admin SDK, S01 to S72, has a test by its number: with ours and the official package, on each
// storage. Read from the tests themselves.

import { readFileSync } from 'node:fs';

import ts from 'typescript';
import { describe, expect, test } from 'vitest';

const files = ['features.test.ts', 'files.test.ts', 'calls.test.ts', '../server/webhooks/end-to-end.test.ts', '../package/create.test.ts'];

/** What stands alone, and why. */
const alone: Readonly<Record<string, string>> = {
  S02: 'a command',
  S45: 'the official package takes no paths',
  S46: 'the official package takes open files only as streams, which S49 has',
};

interface Named {
  readonly title: string;
  readonly withEachSdk: boolean;
  readonly onEachStorage: boolean;
}

function testsIn(file: string): Named[] {
  const url = new URL(file, import.meta.url);
  const source = ts.createSourceFile(file, readFileSync(url, 'utf8'), ts.ScriptTarget.Latest, true);
  const found: Named[] = [];
  const visit = (node: ts.Node, around: Omit<Named, 'title'>): void => {
    let within = around;
    if (ts.isCallExpression(node)) {
      const called = node.expression.getText();
      if (called === 'onEachStorage') within = { ...within, onEachStorage: true };
      if (called === 'describe.each(sdks)') within = { ...within, withEachSdk: true };
      const [title] = node.arguments;
      if (/^test(\.each.*)?$/s.test(called) && title && ts.isStringLiteralLike(title)) found.push({ title: title.text, ...within });
    }
    ts.forEachChild(node, (child) => visit(child, within));
  };
  visit(source, { withEachSdk: false, onEachStorage: false });
  return found;
}

const tests = files.flatMap(testsIn);
const ids = Array.from({ length: 72 }, (_, n) => `S${String(n + 1).padStart(2, '0')}`);
const page = readFileSync(new URL('../../docs/admin.md', import.meta.url), 'utf8');

describe.each(ids)('%s', (id) => {
  const named = tests.filter(({ title }) => title.split(' ').includes(id));

  test('has a test by its number', () => {
    expect(named).not.toEqual([]);
    if (alone[id] === undefined) expect(named).toContainEqual(expect.objectContaining({ withEachSdk: true, onEachStorage: true }));
  });

  test('is on the page', () => {
    const numbers = [...page.matchAll(/^\| (S[^|]*) \|/gm)].flatMap(([, list = '']) => list.split(', ').flatMap(idsOf));
    expect(numbers).toContain(id);
  });
});

/** `S09–S11`: three. */
function idsOf(range: string): string[] {
  const [first = '', last = first] = range.trim().split('–');
  return ids.slice(ids.indexOf(first), ids.indexOf(last) + 1);
}
