// Server-sent events, wherever the text is cut.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { eventStreamParser } from '../../../src/connection/sse/event-stream.ts';
import { check } from '../../support/runs.ts';

function read(pieces: readonly string[]): string[] {
  const notified: string[] = [];
  const take = eventStreamParser({ event: (data) => notified.push(data), heartbeat: () => notified.push('♥') });
  for (const piece of pieces) take(piece);
  return notified;
}

test.each([
  ['an event', 'data: {"op":1}\n\n', ['{"op":1}']],
  ['no space before the data', 'data:x\n\n', ['x']],
  ['two spaces, of which one is data', 'data:  x\n\n', [' x']],
  ['several lines of data', 'data: a\ndata: b\n\n', ['a\nb']],
  ['data without a colon is an empty line', 'data\ndata: b\n\n', ['\nb']],
  ['a comment', ': ping\n\n', ['♥']],
  ['other fields, and no data', 'event: x\nid: 1\nretry: 3\n\n', []],
  ['an unfinished event', 'data: a\n', []],
  ['CR and CRLF line ends', 'data: a\r\rdata: b\r\n\r\ndata: c\n\n', ['a', 'b', 'c']],
  ['a byte order mark, only at the beginning', '\uFEFFdata: \uFEFFa\n\n', ['\uFEFFa']],
])('%s', (_, text, notified) => {
  expect(read([text])).toEqual(notified);
});

test('the parser returns the same events wherever the text is split', () => {
  const text = ': hi\r\ndata: one\r\n\r\ndata: two\r\rdata: th\ndata: ree\n\n:\n';
  const cuts = fc.array(fc.integer({ min: 0, max: text.length }), { maxLength: 8 });
  check(
    fc.property(cuts, (at) => {
      const places = [0, ...at.sort((a, b) => a - b), text.length];
      const pieces = places.slice(1).map((end, index) => text.slice(places[index], end));
      expect(read(pieces)).toEqual(read([text]));
    }),
  );
});
