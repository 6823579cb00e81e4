// A server without backups whose tables can be kept in sync: its frames are the original's, as recorded; queries are answered from what these
// frames say.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import type { WireAttr } from '../../../../src/protocol/attr.ts';
import type { Triple } from '../../../../src/protocol/triple.ts';
import { answers, recordedApp, recordedToken } from './backup-host.ts';

interface Frame {
  readonly op: string;
  readonly 'subscription-id': string;
  readonly 'join-rows'?: readonly (readonly Triple[])[];
  readonly txes?: readonly { readonly changes: readonly { readonly action: 'added' | 'removed'; readonly triple: Triple }[] }[];
}

interface Recorded {
  readonly init: object;
  readonly attrs: readonly WireAttr[];
  readonly loads: Readonly<Record<string, readonly Frame[]>>;
  readonly updates: readonly Frame[];
  readonly thingsTags: Readonly<Record<string, readonly string[]>>;
}

export const recorded = JSON.parse(readFileSync(new URL('recorded/table-sync.json', import.meta.url), 'utf8')) as Recorded;
const attrById = new Map(recorded.attrs.map((attr) => [attr.id, attr]));
const tagsAttr = recorded.attrs.find(({ 'forward-identity': [, etype, label] }) => etype === 'things' && label === 'tags');

export interface SyncHost {
  readonly url: string;
  /** Ops of the messages that clients sent. */
  readonly said: readonly string[];
  /** Says the recorded updates to all, and answers queries accordingly. */
  update(): void;
  setStatus(status: 'active' | 'read-only' | 'disabled'): void;
  /** Ends all sessions. */
  cut(): void;
}

export async function syncHost(): Promise<SyncHost> {
  const host = new Host();
  const server = createServer((request, response) => void host.answer(request, response));
  const sockets = new WebSocketServer({ server, path: '/runtime/session' });
  sockets.on('connection', (socket) => host.connected(socket));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  onTestFinished(async () => {
    for (const socket of sockets.clients) socket.terminate();
    sockets.close();
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    said: host.said,
    update: () => host.update([...sockets.clients]),
    setStatus: (status) => host.setStatus(status, [...sockets.clients]),
    cut: () => sockets.clients.forEach((socket) => socket.terminate()),
  };
}

/** As the original refuses queries then. */
const disabled = { type: 'app-disabled', message: 'This app is currently disabled.', hint: { status: 'disabled' } };

class Host {
  readonly said: string[] = [];
  /** By entity, then by attr. */
  readonly #values = new Map<string, Map<string, unknown>>();
  #updates: readonly Frame[] = [];
  #status = 'active';

  constructor() {
    for (const frames of Object.values(recorded.loads))
      for (const frame of frames) for (const [e, a, v] of (frame['join-rows'] ?? []).flat()) this.#set(e, a, v);
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const send = (status: number, body: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    };
    const all = answers as unknown as Readonly<Record<string, { status: number; body: unknown }>>;
    const [path = ''] = (request.url ?? '').split('?');
    if (path.startsWith('/bytes/')) return void response.end(`bytes of ${path.slice(7)}`);
    if (request.headers.authorization !== `Bearer ${recordedToken}`) return send(401, answers.wrongToken.body);
    if (path === '/admin/query' && this.#status === 'disabled') return send(400, disabled);
    if (path === '/admin/query') return send(200, this.#query(JSON.parse(Buffer.concat(chunks).toString()) as never, request.headers.host));
    const routes: Readonly<Record<string, string>> = {
      '': 'about',
      '/perms/pull': 'perms',
      '/auth': 'auth',
      '/email_status': 'email',
      '/webhooks': 'webhooks',
    };
    const found = all[routes[path.replace(`/dash/apps/${recordedApp}`, '')] ?? ''];
    send(found?.status ?? 404, found?.body ?? {});
  }

  connected(socket: WebSocket): void {
    const send = (message: object): void => socket.send(JSON.stringify(message));
    socket.on('message', (data) => {
      const message = JSON.parse((data as Buffer).toString()) as { op: string; q: Record<string, object>; 'client-event-id': string };
      this.said.push(message.op);
      const eventId = message['client-event-id'];
      const [etype = ''] = Object.keys(message.q ?? {});
      if (message.op === 'init') {
        send({ ...recorded.init, 'app-status': { status: this.#status }, attrs: recorded.attrs, 'client-event-id': eventId });
      } else if (message.op === 'add-query' && this.#status === 'disabled')
        send({ op: 'error', status: 400, 'client-event-id': eventId, ...disabled });
      else if (message.op === 'start-sync') this.#load(etype, eventId, send);
      else if (message.op === 'add-query')
        send({ op: 'add-query-ok', q: message.q, 'client-event-id': eventId, result: this.#links(etype) });
    });
  }

  update(sockets: readonly WebSocket[]): void {
    this.#updates = recorded.updates;
    for (const frame of recorded.updates) {
      for (const { action, triple } of (frame.txes ?? []).flatMap(({ changes }) => changes)) {
        if (action === 'added') this.#set(triple[0], triple[1], triple[2]);
        else this.#values.get(triple[0])?.delete(triple[1]);
      }
      for (const socket of sockets) socket.send(JSON.stringify(frame));
    }
  }

  setStatus(status: string, sockets: readonly WebSocket[]): void {
    this.#status = status;
    for (const socket of sockets) socket.send(JSON.stringify({ op: 'app-status-changed', status }));
  }

  #set(e: string, a: string, v: unknown): void {
    this.#values.set(e, (this.#values.get(e) ?? new Map<string, unknown>()).set(a, v));
  }

  #load(etype: string, eventId: string, send: (message: object) => void): void {
    const none: readonly Frame[] = [
      { op: 'start-sync-ok', 'subscription-id': etype },
      { op: 'sync-init-finish', 'subscription-id': etype },
    ];
    for (const frame of recorded.loads[etype] ?? none)
      send({
        ...(recorded.loads[etype] ? {} : { token: etype, 'tx-id': 161 }),
        ...frame,
        ...(frame.op === 'start-sync-ok' && { 'client-event-id': eventId }),
      });
    for (const frame of this.#updates) if (recorded.loads[etype]?.[0]?.['subscription-id'] === frame['subscription-id']) send(frame);
  }

  #links(etype: string): unknown[] {
    const links = etype === 'things' ? Object.entries(recorded.thingsTags) : [];
    const rows = links.flatMap(([e, tags]) => tags.map((tag) => [[e, tagsAttr?.id, tag, 1]]));
    const node = (joined: unknown[]): object => ({ data: { 'datalog-result': { 'join-rows': joined } } });
    return [{ ...node([]), 'child-nodes': [{ ...node(rows), 'child-nodes': [] }] }];
  }

  #query({ query }: { readonly query: Readonly<Record<string, { readonly $?: { readonly offset?: number } }>> }, host = ''): object {
    const answer = Object.entries(query).map(([etype, { $ }]) => [etype, ($?.offset ?? 0) > 0 ? [] : this.#rows(etype, host)] as const);
    return Object.fromEntries(answer);
  }

  #rows(etype: string, host: string): object[] {
    return [...this.#values].flatMap(([id, values]) => {
      const own = [...values].filter(([a]) => attrById.get(a)?.['forward-identity'][1] === etype);
      const row = Object.fromEntries(own.map(([a, v]) => [attrById.get(a)?.['forward-identity'][2] ?? '', v])) as Record<string, unknown>;
      if (row['id'] !== id) return [];
      if (etype === 'things') row['tags'] = (recorded.thingsTags[id] ?? []).map((tag) => ({ id: tag }));
      if (etype === '$files') row['url'] = `http://${host}/bytes/${String(row['location-id'])}?signed=1`;
      return [row];
    });
  }
}
