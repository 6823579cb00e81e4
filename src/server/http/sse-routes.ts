// The session protocol without sockets: what the server says on an event stream, what the client says in posts beside it.

import { Hono } from 'hono';
import { InstantAPIError } from '../../errors.ts';
import type { Timer } from '../../lib/clock.ts';
import { isSameSecret, newToken } from '../auth/secrets.ts';
import type { Session } from '../session.ts';
import { asText, asUuid, bodyOf, required } from './call.ts';
import { type From, whereFrom } from './caller.ts';
import type { Desk } from './desk.ts';

const keepAliveMs = 15_000;
/** "Try again later": the peer does not read. */
const tooSlow = 1013;

interface Open {
  readonly session: Session;
  readonly token: string;
}

export function sseRoutes(desk: Desk): Hono {
  const routes = new Hono();
  const machineId = desk.uuid();
  const open = new Map<string, Open>();

  routes.get('/', (context) => {
    required(context.req.query(), 'app_id', asUuid, 'params');
    return context.body(streamOf(desk, whereFrom(context), machineId, open), 200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    });
  });

  routes.post('/', async (context) => {
    required(context.req.query(), 'app_id', asUuid, 'params');
    const body = await bodyOf(context);
    const machine = required(body, 'machine_id', asUuid);
    const id = required(body, 'session_id', asUuid);
    const token = required(body, 'sse_token', asText);
    const messages = required(body, 'messages', (given) => (Array.isArray(given) ? given : undefined));
    if (machine !== machineId) throw gone('member-missing', { 'machine-id': machine });
    const found = open.get(id);
    if (!found || !isSameSecret(found.token, token)) throw gone('session-missing', { 'sess-id': id });
    found.session.receive(JSON.stringify(messages));
    return context.json({});
  });

  return routes;
}

function gone(type: string, hint: object): InstantAPIError {
  return new InstantAPIError({ status: 400, body: { type, message: `There is no such session here: ${type}`, hint } });
}

function streamOf({ hub, clock, limits }: Desk, from: From, machineId: string, open: Map<string, Open>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let session: Session | undefined;
  let timer: Timer | undefined;
  const ended = (): void => {
    clock.clearTimeout(timer);
    if (session) open.delete(session.id);
    session?.end();
  };
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        let isOpen = true;
        const put = (text: string): void => {
          if (isOpen) controller.enqueue(encoder.encode(text));
        };
        const shut = (): void => {
          if (isOpen) controller.close();
          isOpen = false;
          ended();
        };
        const opened = hub.connect({
          ...from,
          send(frame) {
            if (-(controller.desiredSize ?? 0) > limits.unreadBytes) return opened.close(tooSlow, 'the client does not read');
            put(`data: ${frame}\n\n`);
          },
          close: shut,
        });
        session = opened;
        const token = newToken();
        open.set(opened.id, { session: opened, token });
        const init = { op: 'sse-init', 'machine-id': machineId, 'session-id': opened.id, 'sse-token': token };
        put(`data: ${JSON.stringify(init)}\n\n`);
        const keepAlive = (): void => {
          put(': still here\n\n');
          timer = clock.setTimeout(keepAlive, keepAliveMs);
        };
        timer = clock.setTimeout(keepAlive, keepAliveMs);
      },
      cancel: ended,
    },
    { highWaterMark: 0, size: (chunk) => chunk.byteLength },
  );
}
