// A server that writes down what it is asked, and answers as it is told. One per test file.

import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterAll, beforeAll, beforeEach } from 'vitest';

export interface Requested {
  readonly method: string | undefined;
  /** With its query. */
  readonly url: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** `status: 'silence'` never answers. */
export interface Reply {
  readonly status?: number | 'silence';
  readonly body?: unknown;
  /** Sent as it is, instead of a body. */
  readonly text?: string;
}

export interface Recorder {
  readonly apiURI: string;
  /** Since the test began. */
  readonly requested: readonly Requested[];
  /** The answers to come, in order; the last one stays. */
  response(...replies: readonly Reply[]): void;
}

export function useRecorder(): Recorder {
  let port = 0;
  let requested: Requested[] = [];
  let replies: readonly Reply[] = [];
  const server = createServer((req, res) => {
    const parts: Buffer[] = [];
    req.on('data', (part: Buffer) => parts.push(part));
    req.on('end', () => {
      requested.push({ method: req.method, url: req.url, headers: req.headers, body: Buffer.concat(parts).toString('utf8') });
      const reply = replies[0] ?? {};
      if (replies.length > 1) replies = replies.slice(1);
      if (reply.status === 'silence') return;
      res.writeHead(reply.status ?? 200, { 'content-type': reply.text === undefined ? 'application/json' : 'text/plain' });
      res.end(reply.text ?? JSON.stringify(reply.body ?? {}));
    });
  });
  beforeAll(async () => {
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    port = (server.address() as AddressInfo).port;
  });
  beforeEach(() => {
    requested = [];
    replies = [];
  });
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  });
  return {
    get apiURI() {
      return `http://127.0.0.1:${port}`;
    },
    get requested() {
      return requested;
    },
    response: (...next) => {
      replies = next;
    },
  };
}
