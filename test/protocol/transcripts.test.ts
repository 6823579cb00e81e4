import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { decodeClientFrame, decodeServerFrame, encode } from '../../src/protocol/codec.ts';

const lines = readFileSync(new URL('transcripts.txt', import.meta.url), 'utf8').split('\n');
const frames = lines.flatMap((line) => {
  const found = /^[AB]?([→←]) (.*)$/.exec(line);
  return found ? [{ isUp: found[1] === '→', frame: found[2] ?? '' }] : [];
});

describe('every frame of the transcripts is decoded, and encoded back unchanged', () => {
  test.each(frames)('$frame', ({ isUp, frame }) => {
    const { messages, unknown } = isUp ? decodeClientFrame(frame) : decodeServerFrame(frame);
    expect(unknown).toEqual([]);
    expect(messages).toHaveLength(1);
    for (const message of messages) expect(JSON.parse(encode(message))).toEqual(JSON.parse(frame));
  });
});
