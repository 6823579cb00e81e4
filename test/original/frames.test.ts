// Frames of the original server as they came: the client reads every one of them.

import { describe, expect, test } from 'vitest';

import { decodeServerFrame } from '../../src/protocol/codec.ts';
import { readRecording } from './transcript.ts';

type Frame = Readonly<Record<string, unknown>>;

interface Exchange {
  readonly step: string;
  readonly heard?: Readonly<Record<string, readonly Frame[]>>;
}

const gallery = readRecording('frames', 'gallery') as Record<string, readonly Frame[]>;
const dialogues = readRecording('frames', 'dialogues') as Record<string, readonly Exchange[]>;

/** What comes of requests that our client does not make: event ids that are no text, a broadcast without a topic. */
function isOfOurRequest({ op, topic, 'client-event-id': eventId = null }: Frame): boolean {
  const isBroadcast = op === 'client-broadcast-ok' || op === 'server-broadcast';
  return (eventId === null || typeof eventId === 'string') && (!isBroadcast || typeof topic === 'string');
}

/** A close is recorded too, and is no frame. */
const messages = (frames: readonly Frame[]): readonly Frame[] => frames.filter((frame) => 'op' in frame && isOfOurRequest(frame));

function expectRead(frames: readonly Frame[]): void {
  for (const frame of messages(frames)) {
    const text = JSON.stringify(frame);
    expect(decodeServerFrame(text), text.slice(0, 500)).toEqual({ messages: [frame], unknown: [] });
  }
}

describe('the client reads', () => {
  test.each(Object.keys(gallery))('%s', (name) => expectRead(gallery[name] ?? []));

  const spoken = Object.keys(dialogues).filter((name) => dialogues[name]?.some(({ heard = {} }) => Object.keys(heard).length > 0));

  test.each(spoken)('the frames of the dialogue %s', (name) => {
    const frames = (dialogues[name] ?? []).flatMap(({ heard = {} }) => Object.values(heard).flat());
    expect(messages(frames).length).toBeGreaterThan(0);
    expectRead(frames);
  });
});
