// A long text as the body of a response: encoded part by part, as the client reads. What waits counts as what is unread.

import { CutAnswer } from './streamed-answers.ts';
import { bytesOf, lengthOf } from '../parted-output.ts';
import { piecesOf } from '../text-pieces.ts';
import type { UnreadOutput } from '../unread-output.ts';

/** Shorter texts are encoded in one go, and are not counted. */
const atOnceLength = 128 * 1024;
/** Characters that are given to the connection at once: what it has taken is not counted here. */
const pieceLength = 64 * 1024;

/** A part may be one value of megabytes. */
function* piecesOfAll(parts: readonly string[]): Generator<string, undefined> {
  for (const part of parts) yield* piecesOf(part, pieceLength);
}

export function bodyInParts(parts: readonly string[], unread: UnreadOutput<object>): string | ReadableStream<Uint8Array> {
  if (parts.length <= 1 || lengthOf(parts) < atOnceLength) return parts.join('');
  const encoder = new TextEncoder();
  const answer = {};
  let rest: Iterator<string, undefined> = piecesOfAll(parts);
  let waitingBytes = bytesOf(parts);
  const end = (): void => {
    rest = [].values();
    unread.remove(answer);
  };
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        unread.admit(answer, 0, waitingBytes, () => {
          end();
          controller.error(new CutAnswer());
        });
      },
      pull(controller) {
        const { done, value } = rest.next();
        if (done) {
          end();
          return controller.close();
        }
        const bytes = encoder.encode(value);
        controller.enqueue(bytes);
        unread.update(answer, (waitingBytes -= bytes.byteLength));
      },
      cancel: end,
    },
    { highWaterMark: 0 },
  );
}
