// Answers that no API of another system should give and that proxies, outages and wrong addresses do give; and the functions of a client, so that a
// test can try each of them with each answer.

import type { ServerResponse } from 'node:http';

export interface PreparedAnswer {
  readonly status: number;
  readonly text: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The connection ends before the body does. */
  readonly isCut?: boolean;
}

export function sendPrepared(response: ServerResponse, { status, text, headers = {}, isCut = false }: PreparedAnswer): void {
  if (!isCut) return void response.writeHead(status, headers).end(text);
  response.writeHead(status, { ...headers, 'content-length': String(Buffer.byteLength(text) + 10) });
  response.write(text, () => response.destroy());
}

const json = { 'content-type': 'application/json' };
const html = '<!doctype html><title>A proxy</title>';

/** No call may take these for an answer. */
export const unreadable: Readonly<Record<string, PreparedAnswer>> = {
  'a page': { status: 200, text: html, headers: { 'content-type': 'text/html' } },
  'a page that says it is JSON': { status: 200, text: html, headers: json },
  'JSON that ends early': { status: 200, text: '{"id":"1","na', headers: json },
  'a body that is not the gzip it says': { status: 200, text: '{"id":"1"}', headers: { ...json, 'content-encoding': 'gzip' } },
  'a body that is cut off': { status: 200, text: '{"id":', headers: json, isCut: true },
  ...Object.fromEntries(
    [400, 401, 403, 404, 409, 413, 418, 429, 500, 502, 503].map((status) => [
      `${status} with a page`,
      { status, text: html, headers: { 'content-type': 'text/html' } },
    ]),
  ),
  ...Object.fromEntries([401, 404, 409, 500].map((status) => [`${status} with nothing`, { status, text: '' }])),
  ...Object.fromEntries([404, 409, 500].map((status) => [`${status} with other JSON`, { status, text: '["oops"]', headers: json }])),
};

/** JSON, and nothing of what a call that returns something expects. */
export const misshapen: Readonly<Record<string, PreparedAnswer>> = {
  nothing: { status: 200, text: '' },
  'no content': { status: 204, text: '' },
  null: { status: 200, text: 'null', headers: json },
  'a text': { status: 200, text: '"ok"', headers: json },
  'a number': { status: 200, text: '7', headers: json },
  'a list of nothing known': { status: 200, text: '[1]', headers: json },
  'a list of empty objects': { status: 200, text: '[{}]', headers: json },
  'an empty object': { status: 200, text: '{}', headers: json },
  'an error': { status: 200, text: '{"error":"Oops","message":"oops"}', headers: json },
};

/** The names of all functions of an API, those of its sections with a dot: `topics.list`. */
export function methodNames(api: object, prefix = ''): string[] {
  const own = Object.entries(api).flatMap(([name, value]: [string, unknown]) => {
    if (typeof value === 'function') return [`${prefix}${name}`];
    return typeof value === 'object' && value !== null ? methodNames(value, `${prefix}${name}.`) : [];
  });
  const prototype = Object.getPrototypeOf(api) as object | null;
  const inherited =
    prototype === null || prototype === Object.prototype
      ? []
      : Object.getOwnPropertyNames(prototype).filter((name) => name !== 'constructor');
  return [...own, ...inherited.map((name) => `${prefix}${name}`)].sort();
}

/** Makes the call once per answer. Returns those that did not end in an error of this class whose message says what went wrong. */
export async function untyped(
  answers: Readonly<Record<string, PreparedAnswer>>,
  Failure: abstract new (...args: never[]) => Error,
  call: () => Promise<unknown>,
  double: { answerNext(...answers: PreparedAnswer[]): void; forgetAnswers(): void },
): Promise<Record<string, unknown>> {
  const wrong: Record<string, unknown> = {};
  for (const [name, answer] of Object.entries(answers)) {
    // A call that may be repeated is made three times.
    double.answerNext(answer, answer, answer);
    const result: unknown = await call().catch((thrown: unknown) => thrown);
    double.forgetAnswers();
    const isTyped = result instanceof Failure && !/undefined|no server/.test(result.message);
    if (!isTyped) wrong[name] = result instanceof Error ? `${result.name}: ${result.message}` : { resolved: result };
  }
  return wrong;
}
