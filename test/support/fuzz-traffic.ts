// HTTP as bytes: requests of any form one behind the other on a connection, complete or not, some abandoned. Each complete one gets an answer,
// or the connection is closed.

import { connect } from 'node:net';
import fc from 'fast-check';
import { createServer, type TriplaneServer } from '../../src/server/index.ts';

const every = 100;
const json = 'Content-Type: application/json';
const target = fc.constantFrom(
  ...['/', '/health', '/runtime/sse?app_id=APP', '/runtime/session?app_id=APP', '/admin/query', '/admin/transact', '/storage/upload'],
  ...[
    '/runtime/auth/sign_in_guest',
    '/runtime/oauth/start?app_id=APP',
    '/admin/storage/files',
    '/storage/f/APP/APP?e=1&s=x',
    '/%',
    '/../..',
  ],
);
const header = fc.constantFrom(
  ...['Content-Encoding: gzip', 'Expect: 100-continue', 'Range: bytes=0-0,5-', 'Authorization: Bearer TOKEN', 'app-id: APP', 'path: a.txt'],
  ...['Connection: close', 'Upgrade: h2c', 'TE: trailers', 'X-Forwarded-For: 1.2.3.4', 'as-guest: true', 'If-None-Match: *', json],
);
const method = fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH');
const body = fc.oneof(
  fc.json({ maxDepth: 3 }),
  fc.string({ maxLength: 50 }),
  fc.nat(60_000).map((length) => 'x'.repeat(length)),
);
type Form = 'declared' | 'chunked' | 'short' | 'bad chunks' | 'none';
const form = fc.constantFrom<Form>('declared', 'declared', 'chunked', 'short', 'bad chunks', 'none', 'none');

const request = fc.tuple(method, target, fc.array(header, { maxLength: 4 }), body, form).map(([verb, path, headers, text, as]) => {
  const head = `${verb} ${path} HTTP/1.1\r\n${['Host: x', json, ...headers].join('\r\n')}`;
  const bytes = Buffer.byteLength(text);
  const chunk = `${bytes.toString(16)}\r\n${text}\r\n`;
  const isComplete = as === 'none' || as === 'declared' || as === 'chunked';
  const sent: Record<Form, string> = {
    none: `${head}\r\n\r\n`,
    declared: `${head}\r\nContent-Length: ${bytes}\r\n\r\n${text}`,
    short: `${head}\r\nContent-Length: ${bytes + 1}\r\n\r\n${text}`,
    chunked: `${head}\r\nTransfer-Encoding: chunked\r\n\r\n${bytes > 0 ? chunk : ''}0\r\n\r\n`,
    'bad chunks': `${head}\r\nTransfer-Encoding: chunked\r\n\r\nzz${chunk}`,
  };
  return { text: sent[as], isComplete };
});
const connection = fc.record({
  requests: fc.array(request, { minLength: 1, maxLength: 5 }),
  repeated: fc.constantFrom(1, 1, 1, 1, 50),
  end: fc.constantFrom('wait', 'wait', 'close', 'reset'),
});

export async function fuzzTraffic(
  count: number,
  seed: number,
  progress: (done: number) => void = () => {},
): Promise<{ faults: string[]; isAlive: boolean }> {
  const server = await createServer();
  const filled = (text: string): string => text.replaceAll('APP', server.appId).replaceAll('TOKEN', server.adminToken);
  const faults: string[] = [];
  for (let at = 0; at < count; at += every) {
    for (const { requests, repeated, end } of fc.sample(connection, { numRuns: Math.min(every, count - at), seed: seed + at })) {
      const text = filled(requests.map((one) => one.text.repeat(repeated)).join(''));
      if (!(await isAnswered(server, text, requests[0]?.isComplete ?? false, end))) faults.push(`no answer: ${text.slice(0, 300)}`);
    }
    const { status } = await fetch(`${server.url}/health`);
    if (status !== 200) faults.push(`status ${status}`);
    progress(at);
  }
  await server.close();
  return { faults, isAlive: true };
}

/** Of an incomplete request nothing is expected. */
function isAnswered({ port }: TriplaneServer, text: string, isComplete: boolean, end: string): Promise<boolean> {
  return new Promise((resolve) => {
    const done = (isFine: boolean): void => {
      socket.destroy();
      resolve(isFine);
    };
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(text);
      if (end === 'close') socket.end();
      if (end === 'reset' || !isComplete) setImmediate(() => done(true));
    });
    socket.setTimeout(10_000, () => done(false));
    socket
      .once('data', () => done(true))
      .on('error', () => done(true))
      .on('close', () => done(true));
  });
}
