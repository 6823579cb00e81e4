import { expect, test } from 'vitest';
import { IncomingBytes } from '../../src/server/incoming-bytes.ts';

test('above the total, the connections with the most incomplete bytes are closed', () => {
  const closed: string[] = [];
  const incoming = new IncomingBytes<string>(100);
  const add = (name: string, bytes: number): void => incoming.add(name, bytes, () => void closed.push(name));
  add('a', 40);
  add('b', 50);
  incoming.remove('a');
  add('c', 50);
  expect([closed, incoming.total]).toEqual([[], 100]);
  add('c', 1);
  expect([closed, incoming.total]).toEqual([['c'], 50]);
});
