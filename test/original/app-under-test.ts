// Our server with one app, on which a transcript is played, and the ways into it that transcripts use.

import { memoryFiles } from '../../src/server/files/memory-files.ts';
import { createServer } from '../../src/server/server.ts';
import type { Storage } from '../../src/server/storage/storage.ts';

export interface AppUnderTest {
  readonly id: string;
  readonly adminToken: string;
  readonly http: string;
  readonly ws: string;
  /** Another app on the same server; undefined if the server makes none for a guest. */
  otherApp(content: AppContent): Promise<{ readonly id: string; readonly adminToken: string } | undefined>;
  /** Signs in to the dashboard; undefined if the server has none. */
  login(name: string): Promise<DashboardUser | undefined>;
  close(): Promise<void>;
}

export interface AppContent {
  readonly schema: unknown;
  readonly rules?: unknown;
}

export interface DashboardUser {
  readonly token: unknown;
  readonly userId: unknown;
  readonly email: string;
}

/** Rejects if the server refuses the schema or the rules. */
export async function startApp(storage: Storage, content: AppContent): Promise<AppUnderTest> {
  const codes = new Map<string, string>();
  const sendMagicCode = ({ email, code }: { email: string; code: string }) => codes.set(email, code);
  const server = await createServer({
    port: 0,
    storage,
    files: memoryFiles(),
    trustProxy: 2,
    sendMagicCode,
    limits: { ephemeralApps: 100 },
  });
  const { appId, adminToken, apiURI: http, websocketURI: ws } = server;
  const app: AppUnderTest = {
    ...{ id: appId, adminToken, http, ws },
    otherApp: (content) => makeApp(http, content),
    login: (name) => login(http, name, codes),
    close: () => server.close(),
  };
  try {
    await push(app, content);
    return app;
  } catch (error) {
    await app.close();
    throw error;
  }
}

async function push({ http, id, adminToken }: AppUnderTest, { schema, rules }: AppContent): Promise<void> {
  const pushes: [string, unknown][] = [['schema/push/apply', { schema }]];
  if (rules) pushes.push(['rules', { code: rules }]);
  for (const [path, body] of pushes) {
    const { status, body: answer } = await post(`${http}/dash/apps/${id}/${path}`, body, { authorization: `Bearer ${adminToken}` });
    if (status >= 400) throw new Error(`${path}: ${JSON.stringify(answer)}`);
  }
}

async function makeApp(http: string, { schema, rules }: AppContent) {
  const { status, body } = await post(`${http}/dash/apps/ephemeral`, {
    title: 't',
    schema,
    ...(rules !== undefined && { rules: { code: rules } }),
  });
  return status < 400 ? { id: body.app.id as string, adminToken: body.app['admin-token'] as string } : undefined;
}

async function login(http: string, name: string, codes: ReadonlyMap<string, string>): Promise<DashboardUser | undefined> {
  const email = `${name}.${crypto.randomUUID().slice(0, 8)}@example.com`;
  const sent = await post(`${http}/dash/auth/send_magic_code`, { email });
  if (sent.status === 404) return undefined;
  const { status, body } = await post(`${http}/dash/auth/verify_magic_code`, { email, code: codes.get(email) });
  if (status >= 400) throw new Error(`no login: ${JSON.stringify(body)}`);
  return { token: body.token, userId: body.user.id, email };
}

async function post(url: string, json: unknown, headers: Record<string, string> = {}) {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(json),
  });
  return { status: answer.status, body: await answer.json().catch(() => undefined) };
}
