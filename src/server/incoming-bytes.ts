// What has arrived of frames and of bodies that are not complete yet. One client may send a large one slowly; all together may not take
// all memory. Above the total, the connections that hold most are closed.

export class IncomingBytes<Connection> {
  readonly #maxTotal: number;
  readonly #partial = new Map<Connection, { bytes: number; readonly disconnect: () => void }>();
  #total = 0;

  constructor(maxTotal: number) {
    this.#maxTotal = maxTotal;
  }

  get total(): number {
    return this.#total;
  }

  /** More has arrived. Calls `disconnect` of each connection that holds too much; that may be this one. */
  add(connection: Connection, bytes: number, disconnect: () => void): void {
    const partial = this.#partial.get(connection) ?? { bytes: 0, disconnect };
    this.#partial.set(connection, partial);
    partial.bytes += bytes;
    this.#total += bytes;
    if (this.#total > this.#maxTotal) this.#shrink();
  }

  /** It is complete and was used, or the connection is gone. `bytes`: of what of it is; missing = all. */
  remove(connection: Connection, bytes = Infinity): void {
    const partial = this.#partial.get(connection);
    if (!partial) return;
    const removed = Math.min(bytes, partial.bytes);
    this.#total -= removed;
    partial.bytes -= removed;
    if (partial.bytes === 0) this.#partial.delete(connection);
  }

  #shrink(): void {
    for (const [connection, { disconnect }] of [...this.#partial].sort(([, one], [, other]) => other.bytes - one.bytes)) {
      if (this.#total <= this.#maxTotal) return;
      this.remove(connection);
      disconnect();
    }
  }
}
