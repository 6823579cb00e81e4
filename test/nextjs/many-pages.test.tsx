// Pages for many users, rendered at the same time in one process by one database: each has what is its user's, and nothing else. And a page
// whose rendering would never end.

import { Writable } from 'node:stream';
import { ServerInsertedHTMLContext } from 'next/dist/shared/lib/server-inserted-html.shared-runtime.js';
import { type ReactNode, Suspense } from 'react';
import { renderToPipeableStream, renderToStaticMarkup } from 'react-dom/server';
import { afterAll, expect, test } from 'vitest';

import type { User } from '../../src/index.ts';
import { id } from '../../src/lib/uuid.ts';
import { init, InstantSuspenseProvider } from '../../src/nextjs/index.ts';
import { i } from '../../src/schema/schema.ts';
import { createServer } from '../../src/server/server.ts';

const schema = i.schema({ entities: { notes: i.entity({ owner: i.string(), text: i.string() }) } });
const rules = { notes: { allow: { view: 'auth.id == data.owner' } } };
const server = await createServer({ schema, rules });
const { appId, apiURI, websocketURI, adminToken } = server;

/** Some answers come late, so that the pages overtake one another. */
let requested = 0;
const uneven = async (...call: Parameters<typeof fetch>): Promise<Response> => {
  await new Promise((resolve) => setTimeout(resolve, (requested++ * 7) % 30));
  return fetch(...call);
};
const db = init({ appId, apiURI, websocketURI, schema, fetch: uneven });

afterAll(async () => {
  await db.core.close();
  await server.close();
});

async function admin(path: string, body: object): Promise<unknown> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${adminToken}`, 'app-id': appId };
  const result = await fetch(apiURI + path, { method: 'POST', headers, body: JSON.stringify(body) });
  return result.json();
}

async function userWithNote(at: number): Promise<User> {
  const { user } = (await admin('/admin/refresh_tokens', { email: `user${at}@example.com` })) as { user: User };
  await admin('/admin/transact', { steps: [['update', 'notes', id(), { owner: user.id, text: `note of user${at}.` }]] });
  return user;
}

function Notes({ limit }: { limit?: number }) {
  const { data } = db.useSuspenseQuery({ notes: { $: { ...(limit && { limit }) } } });
  return data.notes.map(({ text }) => <p key={text}>{text}</p>);
}

function Who() {
  return db.useAuth().user?.email;
}

function Page({ user }: { user: User | null }) {
  return (
    <InstantSuspenseProvider db={db} user={user}>
      <Who />
      <Suspense fallback="loading">
        <Notes />
      </Suspense>
      <Suspense fallback="loading">
        <Notes limit={1} />
      </Suspense>
    </InstantSuspenseProvider>
  );
}

/** The whole page, with what was inserted. */
function rendered(content: ReactNode, onError?: (error: unknown) => void): Promise<string> {
  const inserts: (() => ReactNode)[] = [];
  const page = (
    <ServerInsertedHTMLContext.Provider value={(insert) => void inserts.push(insert)}>{content}</ServerInsertedHTMLContext.Provider>
  );
  return new Promise((resolve, reject) => {
    let text = '';
    const write = (chunk: string): void => void (text += inserts.map((insert) => renderToStaticMarkup(insert())).join('') + chunk);
    const out = new Writable({
      write: (chunk: Buffer, _encoding, done) => done(void write(chunk.toString())),
      final: (done) => done(void resolve(text)),
    });
    const { pipe } = renderToPipeableStream(page, { onShellReady: () => void pipe(out), onError: onError ?? reject });
  });
}

test('no page contains data of another user', async () => {
  const users: User[] = [];
  for (let at = 0; at < 12; at++) users.push(await userWithNote(at));
  for (let round = 0; round < 2; round++) {
    const pages = await Promise.all([...users, null].map((user) => rendered(<Page user={user} />)));
    const found = pages.map((html) => [...new Set(html.match(/user\d+[@.]/g))].sort());
    expect(found).toEqual([...users.map((_, at) => [`user${at}.`, `user${at}@`]), []]);
  }
}, 30_000);

test('a query that is a new one at each render fails on the server with the part that changes, instead of being sent without end', async () => {
  let at = 0;
  function Endless() {
    return db.useSuspenseQuery({ notes: { $: { where: { text: `${at++}` } } } }).data.notes.length;
  }
  const errors: unknown[] = [];
  const before = requested;
  const html = await rendered(
    <InstantSuspenseProvider db={db} user={null}>
      <Suspense fallback="loading">
        <Endless />
      </Suspense>
    </InstantSuspenseProvider>,
    (error) => errors.push(error),
  );
  expect(html).toContain('loading');
  expect(errors.map(String)).toEqual([expect.stringContaining("What changes is 'notes.$.where.text'")]);
  expect(requested - before).toBeLessThan(20);
}, 30_000);
