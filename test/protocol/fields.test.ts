import { describe, expect, test } from 'vitest';
import type { Check, Row } from '../../src/protocol/field-checks.ts';
import { clientFields } from '../../src/protocol/client-fields.ts';
import { decodeClientFrame, decodeServerFrame } from '../../src/protocol/codec.ts';
import { type FrameFault, frameFault } from '../../src/protocol/frame-errors.ts';
import { serverFields } from '../../src/protocol/server-fields.ts';
import { clientMinimal, serverMinimal } from './minimal.ts';

/** What no field of the kind takes. */
const wrong = (kind: string): unknown => {
  if (kind === 'json') return undefined;
  return kind === 'integer' || kind === 'count' ? 1.5 : 7;
};

function faultsOfClient(message: unknown): FrameFault | undefined {
  return frameFault(decodeClientFrame(JSON.stringify(message)).rejected[0]?.error);
}

function faultsOfServer(message: unknown): FrameFault | undefined {
  try {
    decodeServerFrame(JSON.stringify(message));
    return undefined;
  } catch (error) {
    return frameFault(error);
  }
}

interface Case {
  readonly side: string;
  readonly op: string;
  readonly row: Row;
  readonly minimal: Readonly<Record<string, unknown>>;
  readonly faultOf: (message: unknown) => FrameFault | undefined;
}

const cases: Case[] = [
  ...Object.entries(clientMinimal).map(([op, minimal]) => ({
    side: 'client',
    op,
    row: Object.entries<Row>(clientFields).find(([name]) => name === op)?.[1] ?? {},
    minimal: { ...minimal },
    faultOf: faultsOfClient,
  })),
  ...Object.entries(serverMinimal).map(([op, minimal]) => ({
    side: 'server',
    op,
    row: Object.entries<Row>(serverFields).find(([name]) => name === op)?.[1] ?? {},
    minimal: { ...minimal },
    faultOf: faultsOfServer,
  })),
];

describe.each(cases)('$side: $op', ({ op, row, minimal, faultOf }) => {
  test('is accepted with only its required fields', () => {
    const required = Object.keys(row).filter((name) => !row[name]?.isOptional);
    expect(Object.keys(minimal).sort()).toEqual(['op', ...required].sort());
    expect(faultOf(minimal)).toBeUndefined();
  });

  test('is accepted with unknown fields', () => {
    expect(faultOf({ ...minimal, 'from-the-future': { a: [1] } })).toBeUndefined();
  });

  test.each(Object.keys(row))('%s', (field) => {
    const check = row[field];
    const missing = { ...minimal, [field]: undefined };
    const empty = { ...minimal, [field]: null };
    if (check?.isOptional) {
      expect(faultOf(missing)).toBeUndefined();
      expect(faultOf(empty)).toBeUndefined();
    } else {
      expect(faultOf(missing)).toMatchObject({ op, field, problem: 'missing', path: [field] });
      expect(faultOf(empty)).toMatchObject({ op, field, problem: 'missing', path: [field] });
    }
    const bad = wrong(check?.kind ?? '');
    if (bad === undefined) return;
    expect(faultOf({ ...minimal, [field]: bad })).toMatchObject({ op, field, problem: 'malformed' });
  });
});

function kindOf({ kind, isOptional, part, parts }: Check<unknown, boolean>): string {
  const inner = parts && Object.entries(parts).map(([name, check]) => `${name}: ${kindOf(check)}`);
  const each = part && (kind === 'array' ? `${kindOf(part)}[]` : `{*: ${kindOf(part)}}`);
  return `${inner ? `{${inner.join(', ')}}` : (each ?? kind)}${isOptional ? '?' : ''}`;
}

test('the wire fields change only on purpose', async () => {
  const kinds = (rows: Readonly<Record<string, Row>>): string =>
    Object.entries(rows)
      .map(([op, row]) => [op, ...Object.entries(row).map(([name, check]) => `  ${name}: ${kindOf(check)}`)].join('\n'))
      .join('\n');
  await expect(`# client\n${kinds(clientFields)}\n\n# server\n${kinds(serverFields)}\n`).toMatchFileSnapshot('fields.snapshot.txt');
});

test.each<[what: string, message: object, path: (string | number)[], expected: string]>([
  ['an attr without a name', { op: 'init-ok', 'session-id': 's', attrs: [{ id: 'a' }] }, ['attrs', 0], 'attr'],
  ['a user without an id', { op: 'init-ok', 'session-id': 's', auth: { user: {} } }, ['auth', 'user', 'id'], 'string'],
  [
    'an unknown status',
    { op: 'init-ok', 'session-id': 's', 'app-status': { status: 'on fire' } },
    ['app-status', 'status'],
    'active|read-only|disabled',
  ],
  ['a computation of nothing', { op: 'refresh-ok', computations: [null] }, ['computations', 0], 'object'],
  [
    'a computation without a query',
    { op: 'refresh-ok', computations: [{ 'instaql-result': [] }] },
    ['computations', 0, 'instaql-query'],
    'object',
  ],
  [
    'a delta to nothing',
    { op: 'refresh-ok', computations: [], deltas: [{ 'instaql-query': {}, removed: [], added: [] }] },
    ['deltas', 0, 'base-tx-id'],
    'integer',
  ],
  ['a result that is a string', { op: 'add-query-ok', q: {}, result: 'none' }, ['result'], 'result'],
  ['a peer that is a string', { op: 'refresh-presence', 'room-id': 'r', data: { p: 'ann' } }, ['data', 'p'], 'object'],
  ['a broadcast without a sender', { op: 'server-broadcast', 'room-id': 'r', topic: 't', data: {} }, ['data', 'peer-id'], 'string'],
  [
    'a change without a triple',
    { op: 'sync-update-triples', 'subscription-id': 's', txes: [{ 'tx-id': 1, changes: [{ action: 'added' }] }] },
    ['txes', 0, 'changes', 0, 'triple'],
    'triple',
  ],
  ['a file without a size', { op: 'stream-append', files: [{ id: 'f', url: 'https://x' }] }, ['files', 0, 'size'], 'count'],
  ['a negative offset', { op: 'stream-flushed', 'stream-id': 's', offset: -1 }, ['offset'], 'count'],
])('server: %s is rejected with its path', (_, message, path, expected) => {
  expect(faultsOfServer(message)).toMatchObject({ path, expected });
});

test.each<[what: string, message: object, field: string, expected: string]>([
  ['an app id that is not a UUID', { op: 'init', 'app-id': 'demo' }, 'app-id', 'uuid'],
  ['a query that is a list', { op: 'add-query', q: [] }, 'q', 'object'],
  ['an unknown return type', { op: 'add-query', q: {}, 'return-type': 'xml' }, 'return-type', 'join-rows|tree'],
  ['steps that are not lists', { op: 'transact', 'tx-steps': [null] }, 'tx-steps', 'rows'],
  [
    'chunks that are not strings',
    { op: 'append-stream', 'stream-id': 'a9900000-0000-4000-8000-000000000001', chunks: [1], offset: 0 },
    'chunks',
    'strings',
  ],
])('client: %s is rejected with its field', (_, message, field, expected) => {
  expect(faultsOfClient({ ...message, 'client-event-id': 'e1' })).toMatchObject({ field, expected, 'client-event-id': 'e1' });
});

test('uppercase ids are valid', () => {
  expect(faultsOfClient({ op: 'init', 'app-id': 'A9900000-0000-4000-8000-00000000000A' })).toBeUndefined();
});
