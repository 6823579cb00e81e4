// Answers on their way through HTML: whatever they hold, the script is one script, and they arrive as they were.

import { afterEach, expect, test } from 'vitest';

import { readChunks, type HydrationChunk, scriptOf } from '../../src/nextjs/hydration-script.ts';

const appId = 'a9900000-0000-4000-8000-000000000001';

afterEach(() => void (globalThis.__triplane = undefined));

/** As a browser runs it. */
function run(script: string): void {
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- a script in a page is run like this
  new Function('self', script)(globalThis);
}

const evil = [
  '</script><script>alert(1)</script>',
  '</SCRIPT ><!--<script>',
  ']]>&lt;&amp;',
  '\u2028\u2029',
  `'"\`\\\n\0$\{1}`,
  '\ud800 alone',
  '𝒳 日本',
];

test.each(evil)('%j', (text) => {
  const chunks: HydrationChunk[] = [[`{"goals":{"$":{"where":{"title":${JSON.stringify(text)}}}}}`, { data: { goals: [{ [text]: text }] }, pageInfo: { goals: text } }]]; // prettier-ignore
  const script = scriptOf(appId, chunks);
  expect(script).not.toMatch(/[<>&\u2028\u2029]/);
  run(script);
  const arrived: HydrationChunk[] = [];
  readChunks(appId, (chunk) => arrived.push(chunk));
  expect(arrived).toEqual(chunks);
});

test('a name that has a meaning in JavaScript is an ordinary key', () => {
  run(scriptOf(appId, [['q', { data: JSON.parse('{"goals":[{"__proto__":{"isAdmin":true}}]}') as object, pageInfo: undefined }]]));
  const arrived: HydrationChunk[] = [];
  readChunks(appId, (chunk) => arrived.push(chunk));
  const [goal] = (arrived[0]?.[1].data as { goals: object[] }).goals;
  expect([Object.keys(goal ?? {}), 'isAdmin' in (goal ?? {})]).toEqual([['__proto__'], false]);
});

test('dates stay dates, before and after the chunks are read; other apps have their own chunks', () => {
  const at = new Date(Date.UTC(2026, 0, 1));
  const chunk = (key: string): HydrationChunk => [
    key,
    { data: { goals: [{ at, text: at.toISOString(), deep: { when: [at] } }] }, pageInfo: undefined },
  ];
  const arrived: HydrationChunk[] = [];
  run(scriptOf(appId, [chunk('a')]));
  run(scriptOf('other', [chunk('x')]));
  readChunks(appId, (each) => arrived.push(each));
  run(scriptOf(appId, [chunk('b'), chunk('c')]));
  expect(arrived).toEqual(['a', 'b', 'c'].map(chunk));
});
