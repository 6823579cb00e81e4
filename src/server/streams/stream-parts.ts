// Stored parts of streams: one record per stored chunk, named by the stream and its offset. Finds them again in order. New parts arrive
// through the log, so all servers of an app see the same.

import type { LogEntry, Records } from '../storage/storage.ts';

export interface StreamPart {
  /** In bytes from the start of the stream. */
  readonly from: number;
  readonly to: number;
  readonly text: string;
  /** Set on the last part, with the reason if the stream was aborted. */
  readonly end: { readonly abortReason: string | undefined } | undefined;
}

export interface NewStreamPart extends StreamPart {
  readonly streamId: string;
}

const prefix = 'stream/';
const name = (streamId: string, from: number): string => `${prefix}${streamId}/${String(from).padStart(15, '0')}`;

export function partRecord({ streamId, from, to, text, end }: NewStreamPart): Records {
  // The end may have no text, at an offset where a part begins already.
  return { [`${name(streamId, from)}${end ? '/end' : ''}`]: { to, text, ...(end && { end: true, abortReason: end.abortReason ?? null }) } };
}

export class StreamParts {
  #byStream = new Map<string, StreamPart[]>();

  /** All parts. */
  load(records: ReadonlyMap<string, unknown>): void {
    this.#byStream = new Map();
    for (const [key, value] of [...records].filter(([key]) => key.startsWith(prefix)).sort(([a], [b]) => (a < b ? -1 : 1))) {
      const part = readPart(key, value);
      if (part) this.#add(part);
    }
  }

  /** Applies parts stored since the last call, and returns them. */
  addStored(entries: readonly LogEntry[]): NewStreamPart[] {
    const fresh: NewStreamPart[] = [];
    for (const { records } of entries) {
      for (const [key, value] of Object.entries(records ?? {})) {
        const part = key.startsWith(prefix) ? readPart(key, value) : undefined;
        if (part) fresh.push(this.#add(part));
      }
    }
    return fresh;
  }

  of(streamId: string): readonly StreamPart[] {
    return this.#byStream.get(streamId) ?? [];
  }

  size(streamId: string): number {
    return this.of(streamId).at(-1)?.to ?? 0;
  }

  isDone(streamId: string): boolean {
    return this.of(streamId).at(-1)?.end !== undefined;
  }

  /** @returns the changes that delete the records */
  forget(streamId: string): Records {
    const gone = this.of(streamId).map(({ from, end }) => [`${name(streamId, from)}${end ? '/end' : ''}`, null]);
    this.#byStream.delete(streamId);
    return Object.fromEntries(gone) as Records;
  }

  #add(part: NewStreamPart): NewStreamPart {
    const parts = this.#byStream.get(part.streamId);
    if (parts) parts.push(part);
    else this.#byStream.set(part.streamId, [part]);
    return part;
  }
}

function readPart(key: string, value: unknown): NewStreamPart | undefined {
  const [, streamId = '', from] = key.split('/');
  const { to, text, end, abortReason } = (value ?? {}) as { to?: unknown; text?: unknown; end?: unknown; abortReason?: unknown };
  if (typeof to !== 'number' || typeof text !== 'string') return undefined;
  const ended = end === true ? { abortReason: typeof abortReason === 'string' ? abortReason : undefined } : undefined;
  return { streamId, from: Number(from), to, text, end: ended };
}
