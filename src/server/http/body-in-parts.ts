// A long text as the body of a response: encoded part by part, as the client reads.

export function bodyInParts(parts: readonly string[]): string | ReadableStream<Uint8Array> {
  if (parts.length <= 1) return parts.join('');
  const encoder = new TextEncoder();
  const rest = parts.values();
  return new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const { done, value } = rest.next();
        if (done) controller.close();
        else controller.enqueue(encoder.encode(value));
      },
    },
    { highWaterMark: 0 },
  );
}
