import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TriplaneError } from '../../src/errors.ts';
import { decodeClientFrame, decodeServerFrame } from '../../src/protocol/codec.ts';
import { frameFault } from '../../src/protocol/frame-errors.ts';
import { applyPatches } from '../../src/protocol/presence-edits.ts';
import { readResult } from '../../src/protocol/query-result.ts';
import { clientMinimal, serverMinimal } from './minimal.ts';
import { check } from '../support/runs.ts';

/** Reads a frame every way there is, as its receivers would. */
function receive(frame: unknown): void {
  for (const decode of [decodeServerFrame, decodeClientFrame]) {
    try {
      for (const message of decode(frame).messages) {
        if (message.op === 'add-query-ok') readResult(message.result);
        if (message.op === 'refresh-ok') for (const { 'instaql-result': result } of message.computations) readResult(result);
        if (message.op === 'patch-presence') applyPatches({ A: { data: [1] } }, message.edits);
      }
    } catch (error) {
      expect(error).toBeInstanceOf(TriplaneError);
      expect(frameFault(error)).toBeDefined();
    }
  }
  expect(Object.prototype).not.toHaveProperty('polluted');
}

const anyJson = fc.jsonValue({ maxDepth: 4 });
const anyMessage: fc.Arbitrary<Record<string, unknown>> = fc.constantFrom(
  ...[...Object.values(clientMinimal), ...Object.values(serverMinimal)].map((message) => ({ ...message })),
);

test('any text', () => {
  check(fc.property(fc.string({ unit: 'binary' }), receive), 1000);
});

test('anything', () => {
  check(fc.property(fc.anything(), receive), 1000);
});

test('any JSON', () => {
  check(
    fc.property(anyJson, (value) => receive(JSON.stringify(value))),
    1000,
  );
});

test('messages with fields changed, added and removed', () => {
  const change = fc.tuple(fc.nat(12), fc.option(anyJson, { nil: undefined }));
  check(
    fc.property(fc.array(fc.tuple(anyMessage, fc.array(change, { maxLength: 3 })), { maxLength: 3 }), fc.boolean(), (parts, isList) => {
      const messages = parts.map(([message, changes]) => {
        const changed: Record<string, unknown> = { ...message };
        const names = [...Object.keys(message), 'client-event-id', 'data', 'attrs'];
        for (const [at, value] of changes) changed[names[at % names.length] ?? 'op'] = value;
        return changed;
      });
      receive(JSON.stringify(isList ? messages : messages[0]));
    }),
    3000,
  );
});

test('frames with characters changed', () => {
  const character = fc.constantFrom('"', '\\', '{', '}', '[', ']', ',', ':', '0', 'e', '-', '\u0000', '__proto__');
  check(
    fc.property(anyMessage, fc.nat(), fc.nat(3), character, (message, at, removed, added) => {
      const frame = JSON.stringify(message);
      const place = at % frame.length;
      receive(frame.slice(0, place) + added + frame.slice(place + removed));
    }),
    3000,
  );
});

test('messages with prototype-polluting keys', () => {
  const proto = '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}';
  check(
    fc.property(anyMessage, fc.constantFrom('data', 'q', 'result', 'attrs', 'edits', 'hint'), (message, field) => {
      receive(JSON.stringify({ ...message, [field]: 0 }).replace(`"${field}":0`, `"${field}":${proto}`));
      receive(JSON.stringify({ ...message, [field]: 0 }).replace(`"${field}":0`, `"${field}":[${proto}]`));
      receive(JSON.stringify(message).replace('{', '{"__proto__":{"polluted":true},'));
    }),
  );
});
