// The format in which results travel with the page: scripts, each next to the HTML that was rendered with its results. The payload is a
// JSON string without characters that are special in HTML.

export interface QueryData {
  readonly data: unknown;
  readonly pageInfo: unknown;
}

/** A query result by query key. */
export type HydrationChunk = readonly [key: string, answer: QueryData];

interface HydrationQueue {
  push(text: string): void;
}

declare global {
  var __triplane: Record<string, HydrationQueue | string[]> | undefined;
}

/** The content of a `<script>`. */
export function scriptOf(appId: string, chunks: readonly HydrationChunk[]): string {
  const text = JSON.stringify(JSON.stringify(chunks.map(([key, data]) => [key, data, datesIn(data)])));
  return escaped(`((self.__triplane??={})[${JSON.stringify(appId)}]??=[]).push(${text})`);
}

const codes: Readonly<Record<string, string>> = {
  '<': '\\u003c',
  '>': '\\u003e',
  '&': '\\u0026',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
};

/** Escapes characters inside the string literals; the script stays equivalent. */
function escaped(script: string): string {
  return script.replace(/[<>&\u2028\u2029]/g, (character) => codes[character] ?? '');
}

/** Passes all received chunks to the callback, then every further one. */
export function readChunks(appId: string, onChunk: (chunk: HydrationChunk) => void): void {
  const queues = (globalThis.__triplane ??= {});
  const before = queues[appId];
  const push = (text: string): void => {
    for (const [key, data, dates] of JSON.parse(text) as [string, QueryData, string[][]][]) {
      for (const path of dates) reviveDate(data, path);
      onChunk([key, data]);
    }
  };
  queues[appId] = { push };
  if (Array.isArray(before)) before.forEach(push);
}

type Bag = Record<string, unknown>;

/** JSON has no dates: their paths are sent along. */
function datesIn(value: unknown, path: readonly string[] = []): string[][] {
  if (value instanceof Date) return [[...path]];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, part]) => datesIn(part, [...path, key]));
}

function reviveDate(data: QueryData, path: readonly string[]): void {
  const last = path.at(-1) ?? '';
  const holder = path.slice(0, -1).reduce<Bag>((bag, key) => bag[key] as Bag, data as unknown as Bag);
  holder[last] = new Date(holder[last] as string);
}
