// A server that makes backups: it answers as the original did when it was recorded, and gives out the files of a recorded archive.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import * as zlib from 'node:zlib';
import { onTestFinished } from 'vitest';
import { Archive } from '../../../../src/server/move/archive.ts';
import { recorded } from '../support.ts';

interface Recorded {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

type Name = 'waiting' | 'inProgress' | 'running' | 'ephemeral' | 'otherOwner' | 'rateLimited' | 'wrongToken' | 'about';

export const answers = JSON.parse(readFileSync(new URL('recorded/backup-routes.json', import.meta.url), 'utf8')) as Readonly<
  Record<Name, Recorded>
> & { readonly states: readonly Recorded['body'][] };

export const recordedApp = 'c9f86b3b-9c3c-4858-9777-67e60a882270';
export const recordedToken = '56d48edd-2ad5-4535-885d-2015ed371d79';

export interface BackupHostOptions {
  readonly archive?: string;
  /** Answers to the first attempts at starting a backup, before it is started. */
  readonly starts?: readonly Recorded[];
  /** What the job is, each time it is asked for. */
  readonly states?: readonly unknown[];
  /** Called before a file is sent; true: the connection ends in the middle of it. */
  readonly cut?: (name: string) => boolean;
  readonly cutList?: () => boolean;
}

export interface BackupHost {
  readonly url: string;
  /** Method and path of each request. */
  readonly asked: readonly string[];
}

const compress = (zlib as { readonly zstdCompressSync?: (bytes: Buffer) => Buffer }).zstdCompressSync;

export async function backupHost(options: BackupHostOptions = {}): Promise<BackupHost> {
  const archive = await Archive.open(recorded(options.archive ?? 'backup-3'));
  const asked: string[] = [];
  const host = new Host(archive, options, asked);
  const server = createServer((request, response) => void host.answer(request, response));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  onTestFinished(async () => {
    archive.close();
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

class Host {
  readonly #archive: Archive;
  readonly #options: BackupHostOptions;
  readonly #asked: string[];
  #starts = 0;
  #looks = 0;

  constructor(archive: Archive, options: BackupHostOptions, asked: string[]) {
    this.#archive = archive;
    this.#options = options;
    this.#asked = asked;
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://host');
    this.#asked.push(`${request.method} ${pathname}${searchParams.size > 0 ? `?${searchParams.toString()}` : ''}`);
    if (pathname.startsWith('/bytes/')) return this.#bytes(decodeURIComponent(pathname.slice('/bytes/'.length)), response);
    if (request.headers.authorization !== `Bearer ${recordedToken}`) return send(response, answers.wrongToken);
    const path = pathname.replace(`/dash/apps/${recordedApp}`, '');
    if (path === '') return send(response, answers.about);
    if (request.method === 'POST' && path === '/backups') return send(response, this.#options.starts?.[this.#starts++] ?? answers.waiting);
    if (path === '/backup-jobs') return send(response, answers.running);
    if (path.startsWith('/backup-jobs/')) return send(response, { status: 200, body: this.#state() });
    if (path.endsWith('/files')) return send(response, { status: 200, body: { files: this.#files() } });
    if (path.endsWith('/file-url')) return send(response, { status: 200, body: { url: await this.#url(request, searchParams) } });
    if (path.endsWith('/storage-files')) return this.#list(request, response);
    send(response, { status: 404, body: {} });
  }

  #state(): Recorded['body'] {
    const states = (this.#options.states as readonly Recorded['body'][] | undefined) ?? answers.states;
    return states[Math.min(this.#looks++, states.length - 1)] ?? {};
  }

  #files(): { readonly name: string; readonly size: number }[] {
    const names = this.#archive.names.filter((name) => !name.startsWith('files/'));
    return names.map((name) => ({ name, size: this.#archive.sizeOf(name) }));
  }

  async #url(request: IncomingMessage, params: URLSearchParams): Promise<string> {
    return Promise.resolve(`http://${request.headers.host}/bytes/${encodeURIComponent(params.get('name') ?? '')}`);
  }

  #list(request: IncomingMessage, response: ServerResponse): void {
    const lines = this.#archive.names
      .filter((name) => name.startsWith('files/'))
      .map((name) => ({
        locationId: name.slice('files/'.length),
        path: name,
        url: `http://${request.headers.host}/bytes/${encodeURIComponent(name)}`,
      }));
    const whole = [...lines, ...(this.#options.cutList?.() ? [] : [{ done: true }])];
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    response.end(whole.map((line) => `${JSON.stringify(line)}\n`).join(''));
  }

  async #bytes(name: string, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of this.#archive.read(name)) chunks.push(chunk);
    const plain = Buffer.concat(chunks);
    // The original keeps what it makes packed; the app's own files are as they were uploaded.
    const isPacked = compress !== undefined && !name.startsWith('files/');
    const bytes = isPacked ? compress(plain) : plain;
    response.writeHead(200, { 'content-length': bytes.length, ...(isPacked && { 'content-encoding': 'zstd' }) });
    if (!this.#options.cut?.(name)) return void response.end(bytes);
    response.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => response.destroy());
  }
}

function send(response: ServerResponse, { status, body }: Recorded): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
