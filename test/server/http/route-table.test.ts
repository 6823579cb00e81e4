// Every route of InstantDB's HTTP side that programs and tools call: each is served here, or listed in docs/differences.md as one that is not.

import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createServer, type TriplaneServer } from '../../../src/server/index.ts';

const routes = `
POST /admin/query
POST /admin/transact
POST /admin/subscribe-query
POST /admin/query_perms_check
POST /admin/transact_perms_check
POST /admin/refresh_tokens
POST /admin/sign_out
GET /admin/users
DELETE /admin/users
POST /admin/magic_code
POST /admin/send_magic_code
POST /admin/verify_magic_code
POST /admin/sign_in_guest
GET /admin/rooms/presence
PUT /admin/storage/upload
DELETE /admin/storage/files
POST /admin/storage/files/delete
GET /admin/storage/files
POST /admin/storage/signed-upload-url
GET /admin/storage/signed-download-url
POST /admin/sse
POST /admin/sse/push
GET /dash/apps/:app_id/webhooks
POST /dash/apps/:app_id/webhooks
POST /dash/apps/:app_id/webhooks/:id
DELETE /dash/apps/:app_id/webhooks/:id
POST /dash/apps/:app_id/webhooks/:id/enable
POST /dash/apps/:app_id/webhooks/:id/disable
GET /dash/apps/:app_id/webhooks/:id/events
GET /dash/apps/:app_id/webhooks/:id/events/:isn
POST /dash/apps/:app_id/webhooks/:id/events/:isn
GET /dash/apps/:app_id/schema/pull
POST /dash/apps/:app_id/schema/steps/apply
POST /dash/apps/:app_id/schema/push/plan
POST /dash/apps/:app_id/schema/push/apply
GET /dash/apps/:app_id/indexing-jobs/group/:id
GET /dash/apps/:app_id/perms/pull
POST /dash/apps/:app_id/rules
GET /superadmin/apps/:app_id/schema
POST /superadmin/apps/:app_id/schema/push/plan
POST /superadmin/apps/:app_id/schema/push/apply
GET /superadmin/apps/:app_id/perms
POST /superadmin/apps/:app_id/perms
POST /dash/apps/ephemeral
GET /dash/apps/:app_id
GET /admin/schema
GET /admin/soft_deleted_attrs
POST /runtime/auth/send_magic_code
POST /runtime/auth/verify_magic_code
POST /runtime/auth/verify_refresh_token
POST /runtime/auth/sign_in_guest
POST /runtime/signout
GET /runtime/oauth/start
GET /runtime/:app_id/oauth/start
GET /runtime/oauth/callback
POST /runtime/oauth/callback
POST /runtime/oauth/token
POST /runtime/:app_id/oauth/token
POST /runtime/oauth/id_token
GET /runtime/:app_id/.well-known/openid-configuration
PUT /storage/upload
DELETE /storage/files
POST /storage/signed-upload-url
GET /storage/signed-download-url
PUT /storage/:id/consume-upload-url
GET /runtime/sse
POST /runtime/sse
POST /runtime/framework/query
GET /.well-known/webhooks/jwks.json
GET /webhooks/payload/:app_id/:id/:isn
GET /
GET /dash/me
GET /dash/apps
POST /dash/apps
GET /superadmin/apps
POST /superadmin/apps
GET /superadmin/apps/:app_id
GET /dash/apps/:app_id/auth
POST /dash/apps/:app_id/authorized_redirect_origins
DELETE /dash/apps/:app_id/authorized_redirect_origins/:id
POST /dash/apps/:app_id/oauth_service_providers
POST /dash/apps/:app_id/oauth_clients
POST /dash/apps/:app_id/oauth_clients/:id
DELETE /dash/apps/:app_id/oauth_clients/:id
`
  .trim()
  .split('\n');

const page = readFileSync(new URL('../../../docs/differences.md', import.meta.url), 'utf8');
const listed = new Set([...page.matchAll(/^\| `((?:GET|POST|PUT|DELETE) [^`]+)` \|/gm)].map(([, route]) => route));

let server: TriplaneServer;
beforeAll(async () => {
  server = await createServer();
});
afterAll(() => server.close());

test.each(routes)('%s is served, or listed as not', async (route) => {
  const [method = '', pattern = ''] = route.split(' ');
  const ids: Readonly<Record<string, string>> = { ':app_id': server.appId, ':id': server.adminToken, ':isn': '0/1A/2B3C4D5E' };
  const stop = new AbortController();
  const answer = await fetch(server.url + pattern.replace(/:\w+/g, (name) => ids[name] ?? name), {
    method,
    redirect: 'manual',
    signal: stop.signal,
  });
  const isServed = answer.status !== 404;
  stop.abort();
  expect({ route, isServed, isListed: listed.has(route) }).toEqual({ route, isServed: !listed.has(route), isListed: !isServed });
});

test('nothing is listed that is in no table', () => {
  expect([...listed].filter((route) => route !== undefined && !routes.includes(route))).toEqual([]);
});
