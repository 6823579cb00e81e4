// Requests nobody would send, to every route that takes a body: what is sent, and a run of them against a server.

import fc from 'fast-check';
import { silent } from '../../src/lib/log.ts';
import { defaultLimits } from '../../src/server/limits.ts';
import { memory } from '../../src/server/storage/memory.ts';
import type { Storage } from '../../src/server/storage/storage.ts';
import { httpRoutes } from '../../src/server/http/routes.ts';
import { adminToken, appId, bench } from '../server/bench.ts';

/** Stands where tokens stand, and nowhere else. */
const refreshToken = 'f0000000-0000-4000-8000-000000000009';

const paths = [
  ...[
    'auth/send_magic_code',
    'auth/verify_magic_code',
    'auth/verify_refresh_token',
    'auth/sign_in_guest',
    'signout',
    `sse?app_id=${appId}`,
  ].map((end) => `/runtime/${end}`),
  ...[
    'query',
    'transact',
    'query_perms_check',
    'transact_perms_check',
    'refresh_tokens',
    'sign_out',
    'magic_code',
    'verify_magic_code',
    'sign_in_guest',
  ].map((end) => `/admin/${end}`),
  ...['rules', 'schema/push/plan', 'schema/push/apply', 'schema/steps/apply'].map((end) => `/dash/apps/${appId}/${end}`),
];

const word = fc.constantFrom(
  ...[
    'app-id',
    'app_id',
    'email',
    'code',
    'refresh-token',
    'refresh_token',
    'id',
    'query',
    'steps',
    'schema',
    'extra-fields',
    'rules-override',
    'messages',
    '__proto__',
    'notes',
    '$',
    'where',
    'allow',
    'view',
    'bind',
    'entities',
    'links',
    'attrs',
    '$users',
  ],
);
const leaf = fc.oneof(
  fc.constantFrom<unknown>(
    appId,
    adminToken,
    'ann@example.com',
    '123456',
    'update',
    'add-attr',
    'link',
    'notes',
    'lookup__a__1',
    'true && data.x',
    '\u0000',
    null,
    true,
    -1,
    1e300,
  ),
  fc.string(),
  fc.integer(),
);
const { body } = fc.letrec((tie) => ({
  body: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    leaf,
    fc.dictionary(word, tie('body'), { maxKeys: 6 }),
    fc.array(tie('body'), { maxLength: 5 }),
  ),
}));
const token = fc.oneof(
  fc.constantFrom(`Bearer ${adminToken}`, 'Bearer undefined', 'Bearer ', 'undefined', adminToken),
  fc.string({ unit: fc.constantFrom(...'Bearer xyz01-') }),
);
const headers = fc.record(
  {
    'app-id': fc.constantFrom(appId, 'x'),
    authorization: token,
    'as-token': fc.constantFrom(appId, refreshToken, 'x'),
    'as-email': fc.constantFrom('ann@example.com', 'x'),
    'as-guest': fc.constant('true'),
  },
  { requiredKeys: [] },
);

const known = fc.record({
  'refresh-token': fc.constant(refreshToken),
  refresh_token: fc.constant(refreshToken),
  'app-id': fc.constant(appId),
  app_id: fc.constant(appId),
  email: fc.constant('ann@example.com'),
  code: leaf,
  query: body,
  steps: body,
  schema: body,
  messages: body,
});
const request = fc.tuple(fc.constantFrom(...paths), headers, fc.oneof(body, known, known));
const expectedStatus: ReadonlySet<number> = new Set([200, 400, 429]);
const every = 500;

/** What was wrong with the answers, and whether the server lives. */
export async function fuzzHttp(
  count: number,
  seed: number,
  progress: (requests: number) => void = () => {},
  fresh: () => Promise<Storage> = async () => memory(),
): Promise<{ faults: string[]; isAlive: boolean }> {
  const open = async () => {
    const { hub, clock } = bench({ storage: await fresh() });
    return { hub, routes: httpRoutes({ hub, clock, log: silent, limits: defaultLimits }) };
  };
  let server = await open();
  const faults: string[] = [];
  for (let at = 0; at < count; at += every) {
    for (const [path, sent, json] of fc.sample(request, { numRuns: Math.min(every, count - at), seed: seed + at })) {
      const notified = { 'content-type': 'application/json', ...sent };
      const response = await server.routes.request(path, { method: 'POST', headers: notified, body: JSON.stringify(json) ?? '' });
      const text = await response.text();
      // What somebody writes as data may be told back, whatever it is.
      const secrets = JSON.stringify(json)?.includes(adminToken) ? [refreshToken] : [refreshToken, adminToken];
      const fault = faultIn(response.status, text, secrets);
      // Else nothing that a request leaves behind would be collected before the end.
      await new Promise((resolve) => setImmediate(resolve));
      if (fault) faults.push(`${fault}: ${path} ${JSON.stringify({ sent, json })}`);
    }
    progress(at);
    // Its data grow as they should: another server now and then, to see what else does.
    if (at % (20 * every) !== 0 || at === 0) continue;
    await server.hub.close();
    server = await open();
  }
  const health: unknown = await (await server.routes.request('/health')).json();
  await server.hub.close();
  return { faults, isAlive: typeof health === 'object' && health !== null && 'status' in health && health.status === 'ok' };
}

function faultIn(status: number, text: string, secrets: readonly string[]): string | undefined {
  if (!expectedStatus.has(status)) return `status ${status}`;
  if (secrets.some((secret) => text.includes(secret))) return 'a token is told back';
  try {
    return typeof JSON.parse(text) === 'object' ? undefined : 'the body is no object';
  } catch {
    return 'the body is no JSON';
  }
}
