// Dialogues of the original server, heard by a whole client over a socket: every frame is applied without complaint, and what is shown in the
// end is what the original has then.

import { afterEach, describe, expect, test } from 'vitest';

import { init } from '../../src/index.ts';
import type { ServerMessage } from '../../src/protocol/server-message.ts';
import { queryKey } from '../../src/query/key.ts';
import type { Query } from '../../src/query/query.ts';
import { memoryStore } from '../../src/storage/memory.ts';
import { appId } from '../support/client.ts';
import { accepts, ScriptedServer, type Visit } from '../support/scripted-socket.ts';
import { readRecording } from './transcript.ts';

type Frame = Readonly<Record<string, unknown>> & { readonly op: string };
type Triple = readonly [entity: string, attr: string, value: unknown, time: number];

interface Exchange {
  readonly step: string;
  readonly http?: string;
  readonly body?: { readonly query?: unknown };
  readonly answer?: { readonly status: number; readonly body: unknown };
  readonly heard?: Readonly<Record<string, readonly Frame[]>>;
}

const dialogues = readRecording('frames', 'dialogues') as Record<string, readonly Exchange[]>;
const gallery = readRecording('frames', 'gallery') as Record<string, readonly Frame[]>;

/** The recorder also sent requests that no client makes, with a number as event id or without a topic: the answers repeat them. */
const isOfClient = ({ op, topic, 'client-event-id': eventId, ...rest }: Frame): boolean =>
  (typeof eventId === 'string' || eventId === undefined || eventId === null) &&
  !(/broadcast/.test(op) && 'room-id' in rest && typeof topic !== 'string');

const sessions = Object.entries(dialogues).flatMap(([name, exchanges]) =>
  [...new Set(exchanges.flatMap(({ heard = {} }) => Object.keys(heard)))].flatMap((session) => {
    const frames = exchanges.flatMap(({ heard = {} }) => heard[session] ?? []).filter((frame) => 'op' in frame && isOfClient(frame));
    return frames.some(({ op }) => op === 'init-ok') ? [[`${name}, ${session}`, frames] as const] : [];
  }),
);

interface Heard {
  readonly visit: Visit;
  readonly errors: readonly Error[];
  /** Query → what was told last. */
  readonly shown: ReadonlyMap<string, { data?: Readonly<Record<string, unknown>> | undefined }>;
}

const open: (() => void)[] = [];
afterEach(() => open.splice(0).forEach((close) => close()));

/** A client that asks what was asked in the dialogue, and hears what was heard. */
async function hear(frames: readonly Frame[]): Promise<Heard> {
  const ok = frames.find(({ op }) => op === 'init-ok') ?? { op: 'init-ok' };
  const server = new ScriptedServer(
    accepts({
      'join-room': (message) => [
        { op: 'join-room-ok', 'room-id': message['room-id'], 'client-event-id': message['client-event-id'] ?? null },
      ],
      init: (message) => [{ ...ok, 'client-event-id': message['client-event-id'] ?? null } as unknown as ServerMessage],
    }),
  );
  const errors: Error[] = [];
  const db = init({
    appId,
    ...{ apiURI: server.url.replace('wss', 'https').replace('/runtime/session', ''), websocketURI: server.url, webSocket: server.create },
    ...{ storage: memoryStore(), receipts: false, disableValidation: true, onError: (error: Error) => void errors.push(error) },
  });
  open.push(() => (db.shutdown(), server.stop()));
  db.joinRoom('chat', 'r1');
  const shown = new Map<string, { data?: Readonly<Record<string, unknown>> | undefined }>();
  const ids = new Map<unknown, string>();
  const visit = await server.visit(1);
  for (const frame of frames.filter(({ op }) => op === 'add-query-ok')) {
    const key = queryKey(frame['q']);
    if (shown.has(key)) continue;
    shown.set(key, {});
    db.subscribeQuery(frame['q'] as never, (result) => void shown.set(key, result));
    const { 'client-event-id': eventId } = await visit.receives('add-query');
    ids.set(frame['client-event-id'], eventId ?? '');
  }
  for (const frame of frames) {
    // Leaving `disabled` opens a new session, as original-server.test.ts has it.
    if (frame.op === 'app-status-changed') continue;
    // A rejection that names no request is taken for one of what is in flight: the client connects anew.
    if (frame.op === 'init-ok' || (frame.op === 'error' && typeof frame['client-event-id'] !== 'string')) continue;
    const eventId = ids.get(frame['client-event-id']) ?? frame['client-event-id'];
    await new Promise((resolve) => setTimeout(resolve, 2));
    visit.sendText(JSON.stringify(eventId === undefined ? frame : { ...frame, 'client-event-id': eventId }));
  }
  await new Promise((resolve) => setTimeout(resolve, 30));
  return { visit, errors, shown };
}

const complaints = (errors: readonly Error[]): unknown[] => errors.filter((error) => (error as { code?: string }).code !== 'refused' && (error as { code?: string }).code !== 'server-failed'); // prettier-ignore

describe('a client hears a dialogue', () => {
  test.each(sessions)('%s: every frame is applied', async (_name, frames) => {
    const { errors, visit } = await hear(frames);
    expect(complaints(errors)).toEqual([]);
    expect(visit.isOver).toBe(false);
  });

  test('the gallery: no frame ends the session, or is taken for a fault of the frame', async () => {
    const [, frames = []] = sessions[0] ?? [];
    const opening = frames.filter(({ op }) => op === 'init-ok').slice(0, 1);
    const others = Object.entries(gallery).flatMap(([name, list]) => (name === 'init-ok' || name === 'null' ? [] : list));
    const { errors, visit } = await hear([...opening, ...others.filter((frame) => frame.op !== 'add-query-ok' && isOfClient(frame))]);
    expect(complaints(errors)).toEqual([]);
    expect(visit.isOver).toBe(false);
  });
});

describe('what is shown in the end', () => {
  test('of a guest’s queries is what the admin API of the original answers for a guest', async () => {
    const [, frames = []] = sessions.find(([name]) => name === 'queries, a') ?? [];
    const { shown } = await hear(frames);
    const asGuest = (dialogues['admin'] ?? []).find(({ step }) => step === 'guest without token')?.answer?.body as {
      goals: readonly object[];
    };
    const rows = shown.get(queryKey({ goals: {} }))?.data?.['goals'] as readonly object[];
    expect(asGuest.goals).toHaveLength(4);
    expect(sorted(rows)).toEqual(sorted(asGuest.goals));
  });

  test.each(sessions.filter(([, frames]) => flatResults(frames).size > 0))(
    '%s: is what the last frame about it holds',
    async (_name, frames) => {
      const { shown } = await hear(frames);
      for (const [key, { etype, rows }] of flatResults(frames))
        expect(sorted(shown.get(key)?.data?.[etype] as readonly object[]), key).toEqual(sorted(rows));
    },
  );
});

/** Queries for all of one namespace → the rows of the last frame about each, put together by hand. */
function flatResults(frames: readonly Frame[]): Map<string, { readonly etype: string; readonly rows: readonly object[] }> {
  const results = new Map<string, { readonly etype: string; readonly rows: readonly object[] }>();
  let labels = new Map<string, readonly [etype: string, label: string]>();
  for (const frame of frames) {
    const attrs = frame['attrs'] as
      readonly { id: string; 'value-type': string; 'forward-identity': readonly [string, string, string] }[] | undefined;
    if (attrs) labels = new Map(attrs.flatMap((attr) => (attr['value-type'] === 'blob' ? [[attr.id, [attr['forward-identity'][1], attr['forward-identity'][2]]] as const] : []))); // prettier-ignore
    const computations = (frame['computations'] ?? []) as readonly { 'instaql-query': Query; 'instaql-result': unknown }[];
    const told = frame.op === 'add-query-ok' ? [[frame['q'] as Query, frame['result']] as const] : computations.map((each) => [each['instaql-query'], each['instaql-result']] as const); // prettier-ignore
    for (const [query, result] of told) {
      const [etype = ''] = Object.keys(query);
      if (JSON.stringify(query) === JSON.stringify({ [etype]: {} }))
        results.set(queryKey(query), { etype, rows: rowsOf(result, etype, labels) });
    }
  }
  return results;
}

function rowsOf(result: unknown, etype: string, labels: ReadonlyMap<string, readonly [string, string]>): readonly object[] {
  const nodes = result as readonly { data: { 'datalog-result': { 'join-rows': readonly (readonly Triple[])[] } } }[];
  const rows = new Map<string, Record<string, unknown>>();
  for (const [e, a, v] of nodes.flatMap(({ data }) => data['datalog-result']['join-rows'].flat())) {
    const [namespace, label] = labels.get(a) ?? [];
    if (namespace !== etype || label === undefined) continue;
    const row = rows.get(e) ?? {};
    rows.set(e, Object.assign(row, { [label]: v }));
  }
  return [...rows.values()];
}

function sorted(rows: readonly object[] = []): unknown[] {
  const text = (row: object): string => JSON.stringify(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1)));
  return rows.map((row) => JSON.parse(text(row)) as unknown).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}
