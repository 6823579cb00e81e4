// How answers travel in the page: as scripts, each beside the piece of the page that was drawn with it. What stands in a script is text to
// JSON only, and holds no character that means something to HTML.

export interface QueryData {
  readonly data: unknown;
  readonly pageInfo: unknown;
}

/** By the key of the query. */
export type HydrationChunk = readonly [key: string, answer: QueryData];

interface HydrationQueue {
  push(text: string): void;
}

declare global {
  var __triplane: Record<string, HydrationQueue | string[]> | undefined;
}

/** For `<script>`. */
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

/** The same JavaScript: each of these stands inside a text. */
function escaped(script: string): string {
  return script.replace(/[<>&\u2028\u2029]/g, (character) => codes[character] ?? '');
}

/** Gives what has come so far, then whatever comes. */
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

/** JSON knows no dates: where they are is told beside it. */
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
