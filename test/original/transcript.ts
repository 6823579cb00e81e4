// Recordings of the original server: requests in the order they were made, and what it answered. Packed as brotli, one file of transcripts each.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';

/** One app with its schema and rules, and the steps played on it. */
export interface Transcript {
  readonly title: string;
  readonly schema: unknown;
  readonly rules?: unknown;
  readonly steps: readonly Step[];
}

export interface Step {
  readonly name?: string;
  /** `POST /admin/query`: one request. */
  readonly http?: string;
  /** Who makes it: `admin`, `guest`, an email address, a saved token, `bearer:NAME`, `dash:NAME`; without it nobody. */
  readonly as?: string;
  /** JSON, or a text that is sent as it is. */
  readonly body?: unknown;
  /** Bytes added to the body. */
  readonly pad?: number;
  readonly headers?: Readonly<Record<string, unknown>>;
  /** Headers of the response that count. */
  readonly keep?: readonly string[] | 'all';
  readonly timeout?: number;
  /** The request is repeated until the value at the path is one of these. */
  readonly until?: { readonly path: string; readonly in: readonly unknown[] };
  /** The response does not count. */
  readonly drop?: boolean;
  /** Apps and attributes count in full; with `all`, the schemas of a plan too. */
  readonly whole?: boolean | 'all';
  /** The socket that sends; opened when it is first named. */
  readonly session?: string;
  readonly say?: unknown;
  readonly says?: readonly unknown[];
  readonly raw?: string;
  readonly binary?: boolean;
  /** What other sessions send in the same step. */
  readonly more?: readonly Pick<Step, 'session' | 'say' | 'says' | 'raw' | 'binary'>[];
  /** The request opens an event stream of this name. */
  readonly sse?: string;
  /** How the frames of the stream are written counts. */
  readonly framing?: boolean;
  /** Closes the session or stream. */
  readonly end?: string;
  readonly hard?: boolean;
  /** Messages of these ops do not count. */
  readonly ignore?: readonly string[];
  /** How many ms without a message end the step. */
  readonly quiet?: number;
  readonly wait?: number;
  /** Name → path of the value in the response that is kept under it. */
  readonly save?: Readonly<Record<string, string>>;
  readonly forget?: boolean;
  /** Another app, with a schema and rules of its own. */
  readonly app?: string;
  readonly schema?: unknown;
  readonly rules?: unknown;
  /** Signs in to the dashboard. */
  readonly login?: string;
  /** Two recordings differ: the step is played and not compared. */
  readonly unstable?: boolean | string;
  /** Sessions that the original left with an old answer; they may receive more here. */
  readonly stale?: readonly string[];
  readonly note?: string;
  readonly answer?: Answer;
  readonly heard?: Heard;
}

export interface Answer {
  readonly status?: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly failed?: string;
}

/** What each session received. */
export type Heard = Readonly<Record<string, readonly unknown[]>>;

/** What came of one step. */
export interface Outcome {
  readonly answer?: Answer;
  readonly heard?: Heard;
}

const root = fileURLToPath(new URL('recordings', import.meta.url));
const ending = '.json.br';

export function recordedFiles(folder: string): string[] {
  const names = readdirSync(join(root, folder)).filter((name) => name.endsWith(ending));
  return names.map((name) => name.slice(0, -ending.length)).sort();
}

export function readRecording(folder: string, file: string): unknown {
  return JSON.parse(brotliDecompressSync(readFileSync(join(root, folder, file + ending))).toString());
}

export const readTranscripts = (folder: string, file: string): Transcript[] => readRecording(folder, file) as Transcript[];

/** Packs the recording of that JSON text. Returns its size. */
export function packRecording(folder: string, file: string, json: string): number {
  const params = { [constants.BROTLI_PARAM_LGWIN]: 24, [constants.BROTLI_PARAM_SIZE_HINT]: json.length };
  const packed = brotliCompressSync(json, { params });
  mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(root, folder, file + ending), packed);
  return packed.length;
}

/** The names of the steps, each once: the second `push` is `push (2)`. A step without a name goes by its place. */
export function stepNames(steps: readonly Step[]): string[] {
  const times = new Map<string, number>();
  return steps.map(({ name = '' }, index) => {
    const base = name === '' ? `step ${index + 1}` : name;
    const time = (times.get(base) ?? 0) + 1;
    times.set(base, time);
    return time === 1 ? base : `${base} (${time})`;
  });
}
