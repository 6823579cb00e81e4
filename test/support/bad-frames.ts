// Bodies of frames that no server should send, for every place in which one can come.

import { afterEach, beforeEach, expect } from 'vitest';

const deep = (levels: number): unknown => (levels === 0 ? 1 : { deep: deep(levels - 1) });

export const badBodies: Readonly<Record<string, unknown>> = {
  nothing: undefined,
  null: null,
  'a number': 7,
  'a text': 'text',
  'an empty text': '',
  true: true,
  'a list': [1, { channel: 'chat:1' }],
  bytes: Buffer.from([1, 2, 3]),
  'an empty object': {},
  'null everywhere': {
    channel: null,
    topic: null,
    event: null,
    meta: null,
    member: null,
    code: null,
    error: null,
    ok: null,
    payload: null,
  },
  'numbers everywhere': { channel: 1, topic: 1, event: 1, meta: 1, member: 1, code: 1, error: 1, ok: 1, payload: 1, subscriptionId: 1 },
  'lists everywhere': { channel: [], topic: [], event: [], meta: [], member: [], code: [], error: [], ok: [], payload: [], members: [[]] },
  'objects everywhere': { channel: {}, topic: {}, event: {}, meta: {}, member: {}, code: {}, error: {}, ok: {}, members: {}, presence: {} },
  'names of the prototype': JSON.parse(
    '{"__proto__":{"channel":"chat:1"},"constructor":1,"hasOwnProperty":1,"meta":{"channel":"constructor"}}',
  ),
  'a deep object': deep(300),
  'a long text': 'x'.repeat(300_000),
};

/** Fails each test of the file during which an exception or a rejection reached the process. */
export function failOnUncaught(): void {
  const thrown: unknown[] = [];
  const note = (error: unknown): void => void thrown.push(error);
  beforeEach(() => {
    thrown.length = 0;
    process.on('uncaughtException', note).on('unhandledRejection', note);
  });
  afterEach(() => {
    process.off('uncaughtException', note).off('unhandledRejection', note);
    expect(thrown).toEqual([]);
  });
}
