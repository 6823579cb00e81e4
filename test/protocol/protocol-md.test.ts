import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { coerceToDate } from '../../src/lib/dates.ts';
import { isWireAttr } from '../../src/protocol/attr.ts';
import type { Row } from '../../src/protocol/field-checks.ts';
import { clientFields } from '../../src/protocol/client-fields.ts';
import { decodeClientFrame, decodeServerFrame } from '../../src/protocol/codec.ts';
import { readResult, readDelta, type WireResult } from '../../src/protocol/query-result.ts';
import type { ResultDelta } from '../../src/protocol/query-messages.ts';
import { serverErrors } from '../../src/protocol/server-error.ts';
import { serverFields } from '../../src/protocol/server-fields.ts';
import { isTriple } from '../../src/protocol/triple.ts';

const root = new URL('../../', import.meta.url);
const text = readFileSync(new URL('PROTOCOL.md', root), 'utf8');

/** Headings that are no ops. */
const topics = [
  'messages',
  'connection',
  'ordering',
  'versions',
  'results',
  'queries',
  'deltas',
  'isn',
  'attr',
  'triple',
  'dates',
  'extensions',
  'limits',
];

interface Section {
  readonly heading: string;
  readonly body: string;
  readonly blocks: readonly string[];
}

const sections: readonly Section[] = text
  .split(/^## /m)
  .slice(1)
  .map((section) => {
    const [heading = '', ...lines] = section.split('\n');
    const body = lines.join('\n');
    return { heading, body, blocks: [...body.matchAll(/```json\n(.*?)```/gs)].map(([, block = '']) => block) };
  });

const ops: Readonly<Record<string, { readonly direction: string; readonly row: Row }>> = {
  ...Object.fromEntries(Object.entries<Row>(clientFields).map(([op, row]) => [op, { direction: 'Client → server', row }])),
  ...Object.fromEntries(Object.entries<Row>(serverFields).map(([op, row]) => [op, { direction: 'Server → client', row }])),
};

const headings = sections.map(({ heading }) => heading);

test('every op has its heading, and every heading is an op or a topic', () => {
  expect([...headings].sort()).toEqual([...Object.keys(ops), ...topics].sort());
});

describe.each(sections.filter(({ heading }) => heading in ops))('$heading', ({ heading, body, blocks }) => {
  const { direction, row } = ops[heading] ?? { direction: '', row: {} };

  test('states its direction', () => {
    expect(body.trimStart().startsWith(direction)).toBe(true);
  });

  test('begins with an example', () => {
    const example = blocks[0] ?? '';
    const { messages, unknown } = heading in clientFields ? decodeClientFrame(example) : decodeServerFrame(example);
    expect(unknown).toEqual([]);
    expect(messages).toMatchObject([{ op: heading }]);
    const known = ['op', ...Object.keys(row)];
    for (const name of Object.keys(messages[0] ?? {})) expect(known).toContain(name);
  });

  test('names its fields, the required ones in bold', () => {
    for (const [name, { isOptional }] of Object.entries(row)) {
      if (name === 'trace-id' || (name === 'client-event-id' && isOptional)) continue;
      const written = name.replaceAll('_', '\\_');
      expect(body).toContain(isOptional ? written : `**${written}**`);
      if (isOptional) expect(body).not.toContain(`**${written}**`);
    }
  });
});

test('every other JSON block is a valid example of its section', () => {
  const blocksOf = (heading: string): unknown[] =>
    sections.find((section) => section.heading === heading)?.blocks.map((block) => JSON.parse(block) as unknown) ?? [];
  expect(blocksOf('attr').every(isWireAttr)).toBe(true);
  const [deltas] = blocksOf('deltas') as [ResultDelta[]];
  expect(decodeServerFrame(JSON.stringify({ op: 'refresh-ok', computations: [], deltas })).messages).toHaveLength(1);
  expect(deltas.map((delta) => readDelta(delta)?.removed.length)).toEqual([2]);
  expect(blocksOf('triple').every(isTriple)).toBe(true);
  expect(blocksOf('results').map((result) => readResult(result as WireResult).malformed)).toEqual([0, 0]);
  expect(readResult(blocksOf('results')[0] as WireResult)).toMatchObject({
    triples: [{}, {}],
    pageInfo: { goals: {} },
    aggregate: { todos: {} },
  });
  const post = blocksOf('sse-init')[1] as { messages: unknown };
  expect(decodeClientFrame(JSON.stringify(post.messages)).messages).toMatchObject([{ op: 'remove-query' }]);
  const beyondFirst = sections.filter(({ blocks }) => blocks.length > 1).map(({ heading }) => heading);
  expect(beyondFirst).toEqual(['sse-init', 'results']);
});

test('the error table matches the source', () => {
  const body = sections.find(({ heading }) => heading === 'error')?.body ?? '';
  const listed = [...body.matchAll(/^\| `([a-z-]+)` \| (\d+) \| .* \| (no|not known) \| (yes|no) \|$/gm)].map(
    ([, type, status, happened, again]) => [
      type,
      { status: Number(status), outcome: happened === 'no' ? 'not-applied' : 'unknown', isTransient: again === 'yes' },
    ],
  );
  expect(Object.fromEntries(listed)).toEqual(serverErrors);
});

test('the example dates are valid', () => {
  const body = sections.find(({ heading }) => heading === 'dates')?.body ?? '';
  const table = body.split('\n').filter((line) => line.startsWith('|'));
  const examples = [...table.join('\n').matchAll(/`([^`\n]*[0-9][^`\n]*|epoch)`/g)].map(([, example = '']) => example);
  expect(examples).toHaveLength(15);
  for (const example of examples) expect(coerceToDate(example)?.getTime()).not.toBeNaN();
});

test('links point to existing headings', () => {
  for (const [, anchor] of text.matchAll(/\]\(#([^)]*)\)/g)) expect(headings).toContain(anchor);
});

test('headings that the source cites exist', () => {
  const cited = readdirSync(new URL('src', root), { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.tsx?$/.test(path))
    .flatMap((path) => [...readFileSync(new URL(`src/${path}`, root), 'utf8').matchAll(/PROTOCOL\.md((?:,? ?#[a-z-]+)+)/g)])
    .flatMap(([, anchors = '']) => anchors.match(/[a-z-]+/g) ?? []);
  expect(cited.length).toBeGreaterThan(10);
  for (const anchor of cited) expect(headings).toContain(anchor);
});
