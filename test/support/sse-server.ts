// A tiny server of event streams: what it says and how it takes posts is told by the test.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Post {
  readonly url: string;
  readonly body: {
    readonly messages: readonly { readonly op: string; readonly [field: string]: unknown }[];
    readonly [field: string]: unknown;
  };
  readonly answer: (status: number, body?: string) => void;
  /** Cuts the connection without an answer. */
  readonly drop: () => void;
}

export const sseHead = {
  op: 'sse-init',
  'machine-id': '3ac00000-0000-4000-8000-000000000001',
  'session-id': '5e550000-0000-4000-8000-00000000000a',
  'sse-token': '70ce0000-0000-4000-8000-000000000001',
} as const;

export class SseServer {
  readonly posts: Post[] = [];
  readonly streams: ServerResponse[] = [];
  /** What is done with who comes to listen. */
  greet: (stream: ServerResponse, request: IncomingMessage) => void = (stream) => this.welcome(stream);
  take: (post: Post) => void = (post) => post.answer(200, '{}');
  readonly #server = createServer((request, response) => this.#receive(request, response));

  async start(): Promise<string> {
    await new Promise<void>((resolve) => void this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => void this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  welcome(stream: ServerResponse): void {
    stream.writeHead(200, { 'content-type': 'text/event-stream' });
    this.send(sseHead, stream);
  }

  send(message: unknown, stream = this.stream): void {
    stream.write(`data: ${JSON.stringify(message)}\n\n`);
  }

  get stream(): ServerResponse {
    const stream = this.streams.at(-1);
    if (!stream) throw new Error('Nobody listens');
    return stream;
  }

  /** All messages that came up, in order. */
  get received(): string[] {
    return this.posts.flatMap(({ body }) => body.messages.map(({ op }) => op));
  }

  #receive(request: IncomingMessage, response: ServerResponse): void {
    if (request.method === 'GET') {
      this.streams.push(response);
      return this.greet(response, request);
    }
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const post: Post = {
        url: request.url ?? '',
        body: JSON.parse(Buffer.concat(parts).toString()) as Post['body'],
        answer: (status, body = '') => void response.writeHead(status).end(body),
        drop: () => void response.destroy(),
      };
      this.posts.push(post);
      this.take(post);
    });
  }
}
