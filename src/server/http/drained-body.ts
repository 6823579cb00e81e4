// A body whose request may be refused before all of it was read. The rest is read and discarded while the response is sent: a client that
// finds the connection closed while it sends does not see the response.

/** As much is discarded of what a client sends on regardless. */
const [maxDrainedBytes, maxDrainedMs] = [64 * 1024 * 1024, 500];

/** `cut`: the error if the client goes away before the end, which is no fault of the server. */
export async function* drainedChunks(body: ReadableStream<Uint8Array>, cut: () => Error): AsyncIterable<Uint8Array> {
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read().catch(() => {
        throw cut();
      });
      if (done) return;
      yield value;
    }
  } finally {
    void drain(reader);
  }
}

/** Never rejects. Nothing happens if all was read. */
export async function drain(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  const timer = setTimeout(() => void reader.cancel().catch(() => {}), maxDrainedMs);
  try {
    for (let bytes = 0; bytes < maxDrainedBytes;) {
      const { done, value } = await reader.read();
      if (done) return;
      bytes += value.byteLength;
    }
    await reader.cancel();
  } catch {
    // The client is gone.
  } finally {
    clearTimeout(timer);
  }
}
