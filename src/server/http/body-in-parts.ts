// A long text as the body of a response: encoded part by part, as the client reads. What waits counts as what is unread.

import { bytesOf } from '../parted-output.ts';
import type { UnreadOutput } from '../unread-output.ts';

export function bodyInParts(parts: readonly string[], unread: UnreadOutput<object>): string | ReadableStream<Uint8Array> {
  if (parts.length <= 1) return parts.join('');
  const encoder = new TextEncoder();
  const answer = {};
  let rest = parts.values();
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
          controller.error(new Error('the client does not read'));
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
