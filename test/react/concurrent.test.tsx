// @vitest-environment happy-dom
// Drawing in slices: a page drawn while writes arrive shows one state of the data, never two.

import { memo, startTransition, useState } from 'react';
import { afterEach, expect, test } from 'vitest';

import { id } from '../../src/lib/uuid.ts';
import { i } from '../../src/schema/schema.ts';
import { settled } from '../../src/testing/virtual/clock.ts';
import { cleanUp, database, page, tally } from './page.tsx';

afterEach(cleanUp);

const schema = i.schema({ entities: { counters: i.entity({ value: i.number() }) } });

/** Longer than React draws in one go. */
function work(): void {
  const end = performance.now() + 7;
  while (performance.now() < end);
}

test('no tearing', async () => {
  const db = database(schema);
  const counter = id();
  await db.transact(db.tx.counters[counter]!.create({ value: 0 }));
  const { drew, of } = tally();
  const Value = memo(function Value({ at }: { at: number }) {
    work();
    drew('value');
    return <i data-at={at}>{db.useQuery({ counters: {} }).data?.counters[0]?.value}</i>;
  });
  let grow: (size: number) => void = () => {};
  function Values() {
    const [size, setSize] = useState(1);
    grow = setSize;
    return Array.from({ length: size }, (_, at) => <Value key={at} at={at} />);
  }
  const { element } = await page(<Values />);
  const torn: string[] = [];
  const look = (): void => {
    const values = new Set([...element.querySelectorAll('i')].map(({ textContent }) => textContent));
    if (values.size > 1) torn.push([...values].join());
  };
  const watcher = new MutationObserver(look);
  watcher.observe(element, { childList: true, subtree: true, characterData: true });
  startTransition(() => grow(20));
  let wasAmidst = false;
  for (let value = 1; value <= 5; value += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    wasAmidst ||= of('value') > 1 && element.querySelectorAll('i').length === 1;
    void db.transact(db.tx.counters[counter]!.update({ value }));
    look();
  }
  for (let turn = 0; turn < 60 && element.querySelectorAll('i').length < 20; turn += 1) await settled();
  await expect.poll(() => [...element.querySelectorAll('i')].map(({ textContent }) => textContent)).toEqual(Array(20).fill('5'));
  watcher.disconnect();
  expect({ torn, wasAmidst }).toEqual({ torn: [], wasAmidst: true });
});

test('a burst of writes renders once', async () => {
  const db = database(schema);
  const ids = Array.from({ length: 50 }, () => id());
  await db.transact(ids.map((each) => db.tx.counters[each]!.create({ value: 0 })));
  const { drew, of } = tally();
  function Sum() {
    drew('sum');
    return <p>{db.useQuery({ counters: {} }).data?.counters.reduce((sum, { value }) => sum + value, 0)}</p>;
  }
  const { element } = await page([<Sum key={1} />, <Sum key={2} />]);
  const before = of('sum');
  for (const each of ids) void db.transact(db.tx.counters[each]!.update({ value: 2 }));
  for (let turn = 0; turn < 4; turn += 1) await Promise.resolve();
  expect(element.textContent).toBe('100100');
  expect(of('sum') - before).toBe(2);
});
