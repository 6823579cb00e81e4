// A thousand requests nobody would send: each is answered in JSON, none takes the server down.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { silent } from '../../../src/lib/log.ts';
import { httpRoutes } from '../../../src/server/use/http.ts';
import { defaultLimits } from '../../../src/server/limits.ts';
import { adminToken, appId, bench } from '../bench.ts';

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
    'as-token': fc.constantFrom(appId, 'x'),
    'as-email': fc.constantFrom('ann@example.com', 'x'),
    'as-guest': fc.constant('true'),
  },
  { requiredKeys: [] },
);

test('1,000 bodies and tokens', { timeout: 120_000 }, async () => {
  const { hub, clock } = bench();
  const routes = httpRoutes({ hub, clock, log: silent, limits: defaultLimits });
  const known = fc.record({
    'app-id': fc.constant(appId),
    app_id: fc.constant(appId),
    email: fc.constant('ann@example.com'),
    code: leaf,
    query: body,
    steps: body,
    schema: body,
    messages: body,
  });
  const given = fc.tuple(fc.constantFrom(...paths), headers, fc.oneof(body, known, known));
  await fc.assert(
    fc.asyncProperty(given, async ([path, sent, json]) => {
      const answer = await routes.request(path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...sent },
        body: JSON.stringify(json) ?? '',
      });
      const text = await answer.text();
      expect(typeof JSON.parse(text)).toBe('object');
      expect([200, 400, 429], `${path} ${text}`).toContain(answer.status);
      if (answer.status !== 200) expect(text).not.toContain(adminToken);
    }),
    { numRuns: 1000, seed: 7 },
  );
  expect(await (await routes.request('/health')).json()).toMatchObject({ status: 'ok' });
});
