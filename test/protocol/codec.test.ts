import { describe, expect, test } from 'vitest';
import { TriplaneError } from '../../src/errors.ts';
import { decodeClientFrame, decodeServerFrame, encode, encodePost } from '../../src/protocol/codec.ts';
import { frameFault, paramError, unknownOpError } from '../../src/protocol/frame-errors.ts';

function errorOf(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}

const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

describe.each([
  ['server', decodeServerFrame],
  ['client', decodeClientFrame],
] as const)('a frame from the %s', (_, decode) => {
  test.each<[what: string, frame: unknown, expected: string]>([
    ['no text', undefined, 'text'],
    ['null', null, 'text'],
    ['an object', { op: 'init' }, 'text'],
    ['bytes', new TextEncoder().encode('{}'), 'text'],
    ['an array buffer', new ArrayBuffer(8), 'text'],
    ['a buffer', Buffer.from('{"op":"init"}'), 'text'],
    ['nothing', '', 'JSON'],
    ['half a message', '{"op":"ini', 'JSON'],
    ['two messages', '{"op":"error"}{"op":"error"}', 'JSON'],
    ['excessive nesting', nested(200_000), 'at most'],
    ['excessive nesting without an end', '{"a":'.repeat(200_000), 'JSON'],
  ])('that is %s', (_, frame, expected) => {
    const error = errorOf(() => decode(frame));
    expect(error).toBeInstanceOf(TriplaneError);
    expect(frameFault(error)).toMatchObject({ problem: 'malformed', path: [] });
    expect(frameFault(error)?.expected).toContain(expected);
  });

  test('an empty list has no messages', () => {
    expect(decode('[]')).toMatchObject({ messages: [], unknown: [] });
  });

  test.each(['constructor', '__proto__', 'toString', 'refresh', ''])('the op %j is unknown', (op) => {
    expect(decode(JSON.stringify({ op, 'client-event-id': 'e' }))).toMatchObject({
      messages: [],
      unknown: [{ op, 'client-event-id': 'e' }],
    });
  });

  test('an unknown message is returned whole', () => {
    expect(decode('{"op":"dance","steps":[1]}').unknown).toEqual([{ op: 'dance', steps: [1] }]);
  });
});

describe('from the server', () => {
  test('one message, or a list of messages', () => {
    const status = '{"op":"app-status-changed","status":"active"}';
    expect(decodeServerFrame(status).messages).toEqual([{ op: 'app-status-changed', status: 'active' }]);
    expect(decodeServerFrame(`[${status},${status}]`).messages).toHaveLength(2);
  });

  test('a list with a malformed message is rejected as a whole', () => {
    const error = errorOf(() => decodeServerFrame('[{"op":"append-failed","stream-id":"s"},{"op":"transact-ok","client-event-id":"e"}]'));
    expect(frameFault(error)).toEqual({
      op: 'transact-ok',
      field: 'tx-id',
      path: ['tx-id'],
      problem: 'missing',
      expected: 'integer',
      'client-event-id': 'e',
    });
    expect(String(error)).toBe("TriplaneError: 'tx-id' of 'transact-ok' is missing; expected: integer");
  });

  test.each<[frame: string, field: string | undefined, problem: string]>([
    ['7', undefined, 'malformed'],
    ['"init-ok"', undefined, 'malformed'],
    ['null', undefined, 'malformed'],
    ['[[]]', undefined, 'malformed'],
    ['{}', 'op', 'missing'],
    ['{"op":null}', 'op', 'missing'],
    ['{"op":{}}', 'op', 'malformed'],
  ])('%s is not a valid message', (frame, field, problem) => {
    expect(frameFault(errorOf(() => decodeServerFrame(frame)))).toMatchObject({ ...(field && { field }), problem });
  });

  test('prototype-polluting keys are removed', () => {
    const frame =
      '{"op":"server-broadcast","room-id":"r","topic":"t","data":{"peer-id":"p","data":{"__proto__":{"isAdmin":true},"a":[{"__pr\\u006fto__":1}]}}}';
    const [message] = decodeServerFrame(frame).messages;
    expect(JSON.stringify(message)).not.toContain('proto');
    expect(JSON.stringify(message)).toContain('"a":[{}]');
  });

  test('stored data may be deeply nested', () => {
    const deep = `{"op":"refresh-presence","room-id":"r","data":{"p":{"data":${nested(900)}}}}`;
    expect(decodeServerFrame(deep).messages).toHaveLength(1);
  });
});

describe('from a client', () => {
  const frame =
    '[{"op":"leave-room","room-id":"r"},{"op":"dance"},{"op":"join-room","client-event-id":"e1"},{"op":"leave-room","room-id":"s"},7]';

  test('valid messages are accepted, and unknown and malformed ones are reported separately', () => {
    const { messages, unknown, rejected } = decodeClientFrame(frame);
    expect(messages).toEqual([
      { op: 'leave-room', 'room-id': 'r' },
      { op: 'leave-room', 'room-id': 's' },
    ]);
    expect(unknown).toEqual([{ op: 'dance' }]);
    expect(rejected.map(({ received }) => received)).toEqual([{ op: 'join-room', 'client-event-id': 'e1' }, 7]);
    expect(rejected.map(({ error }) => frameFault(error))).toEqual([
      { op: 'join-room', field: 'room-id', path: ['room-id'], problem: 'missing', expected: 'string', 'client-event-id': 'e1' },
      { path: [], problem: 'malformed', expected: 'object' },
    ]);
  });

  test('prototype-polluting keys are rejected, and removed from the echoed message', () => {
    const proto = '{"op":"set-presence","room-id":"r","data":{"__proto__":{"isAdmin":true}}}';
    const { messages, rejected } = decodeClientFrame(`[${proto},{"op":"leave-room","room-id":"r"}]`);
    expect(messages).toEqual([{ op: 'leave-room', 'room-id': 'r' }]);
    expect(JSON.stringify(rejected[0]?.received)).toBe('{"op":"set-presence","room-id":"r","data":{}}');
    expect(frameFault(rejected[0]?.error)).toMatchObject({ op: 'set-presence', problem: 'malformed' });
  });

  test('the string __proto__ is a valid value', () => {
    expect(decodeClientFrame('{"op":"leave-room","room-id":"__proto__"}').messages).toHaveLength(1);
  });

  test.each([
    [{ bytes: 36 }, true],
    [{ bytes: 37 }, false],
  ])('the size limit counts UTF-8 bytes: %j', (limits, isRejected) => {
    const frame = '{"op":"leave-room","room-id":"é→"}'; // 34 characters
    expect(new TextEncoder().encode(frame)).toHaveLength(37);
    expect(errorOf(() => decodeClientFrame(frame, limits)) !== undefined).toBe(isRejected);
  });

  test.each([
    ['nesting', nested(101), {}],
    ['nesting, by option', nested(11), { depth: 10 }],
    ['nesting, with an infinite option', nested(100_000), { depth: Infinity }],
    ['messages', `[${'{},'.repeat(1000)}{}]`, {}],
    ['messages, by option', '[{},{}]', { messages: 1 }],
    ['bytes', '{"op":"leave-room","room-id":"r"}', { bytes: 10 }],
  ])('too many: %s', (_, frame, limits) => {
    expect(frameFault(errorOf(() => decodeClientFrame(frame, limits)))?.expected).toMatch(/^at most \d+ (levels|messages|bytes)/);
  });

  test('a fault quotes no more of a hostile frame than necessary', () => {
    const error = errorOf(() =>
      decodeServerFrame(JSON.stringify({ op: 'refresh-presence', 'room-id': 'r', data: { ['x'.repeat(5000)]: 1 } })),
    );
    expect(String(error).length).toBeLessThan(300);
  });
});

test('a fault is reported to the client as an error', () => {
  const { rejected } = decodeClientFrame('[{"op":"join-room"},{"op":"transact","tx-steps":7},7]');
  expect(rejected.flatMap(({ error }) => frameFault(error) ?? []).map(paramError)).toEqual([
    {
      status: 400,
      type: 'param-missing',
      message: "'room-id' of 'join-room' is missing; expected: string",
      hint: { in: ['room-id'] },
    },
    {
      status: 400,
      type: 'param-malformed',
      message: "'tx-steps' of 'transact' is malformed; expected: rows",
      hint: { in: ['tx-steps'] },
    },
    {
      status: 400,
      type: 'param-malformed',
      message: 'The frame is malformed; expected: object',
      hint: { in: [] },
    },
  ]);
  expect(unknownOpError('dance')).toEqual({
    status: 400,
    type: 'param-malformed',
    message: "Unknown op 'dance'",
    hint: { op: 'dance' },
  });
});

test('a POST next to an event stream carries its session and the messages', () => {
  const session = { machineId: 'm', sessionId: 's', sseToken: 't' };
  expect(JSON.parse(encodePost(session, [{ op: 'leave-room', 'room-id': 'r' }]))).toEqual({
    machine_id: 'm',
    session_id: 's',
    sse_token: 't',
    messages: [{ op: 'leave-room', 'room-id': 'r' }],
  });
});

describe('encode', () => {
  test('undefined fields are omitted', () => {
    expect(encode({ op: 'init', 'app-id': 'a', 'refresh-token': undefined })).toBe('{"op":"init","app-id":"a"}');
  });

  test('several messages are encoded in one frame', () => {
    const [a, b] = [
      { op: 'append-failed', 'stream-id': 'a' },
      { op: 'append-failed', 'stream-id': 'b' },
    ] as const;
    expect(decodeServerFrame(encode([a, b])).messages).toEqual([a, b]);
  });

  test('values that JSON cannot represent are rejected', () => {
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    for (const data of [cycle, { n: 1n }]) {
      const error = errorOf(() => encode({ op: 'set-presence', 'room-id': 'r', data }));
      expect(error).toMatchObject({ code: 'frame-malformed', cause: expect.any(TypeError) });
    }
  });
});
