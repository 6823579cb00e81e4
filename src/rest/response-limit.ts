// `fetch` that notes what came back, so that a response that cannot be read is not taken for none, and that stops reading a response that is too
// large for memory.

export interface SeenResponse {
  /** Undefined until there is a response. */
  status: number | undefined;
  isTooLarge: boolean;
}

export function observedFetch(send: typeof fetch, maxBytes: number, seen: SeenResponse): typeof fetch {
  return async (input, init) => {
    const response = await send(input, init);
    seen.status = response.status;
    const { body } = response;
    // A platform without streams reads the response as a whole.
    if (!body || typeof TransformStream !== 'function') return response;
    let bytes = 0;
    const counter = new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        bytes += chunk.byteLength;
        if (bytes <= maxBytes) return controller.enqueue(chunk);
        seen.isTooLarge = true;
        controller.error(new RangeError(`More than ${maxBytes} bytes`));
      },
    });
    return new Response(body.pipeThrough(counter), response);
  };
}
