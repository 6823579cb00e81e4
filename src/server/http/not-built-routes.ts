// Parts of InstantDB's platform that this server does not offer. Their routes say so explicitly instead of returning a bare 404.

import { Hono } from 'hono';

export function notBuiltRoutes(): Hono {
  const routes = new Hono();
  for (const [what, paths] of notBuilt) {
    const message = `${what} are not part of a Triplane server. See docs/differences.md`;
    for (const path of paths) routes.all(path, (context) => context.json({ type: 'not-found', message, hint: null }, 404));
  }
  return routes;
}

/** docs/differences.md lists the same paths. */
export const notBuilt: readonly (readonly [what: string, paths: readonly string[]])[] = [
  ['Accounts of people', ['/dash/auth/*', '/dash/oauth/*', '/dash/profiles', '/dash/signout']],
  ['Members and invitations', ['/dash/apps/:app/invite/*', '/dash/apps/:app/members/*', '/dash/invites/*']],
  ['Organisations', ['/dash/orgs', '/dash/orgs/*', '/superadmin/orgs', '/superadmin/orgs/*']],
  [
    'Billing and subscriptions',
    [
      ...['/dash/apps/:app/billing', '/dash/apps/:app/checkout_session', '/dash/apps/:app/portal_session'],
      '/dash/apps/:app/self_hosted_subscription',
    ],
  ],
  ['Transfers', ['/superadmin/apps/:app/transfers/*', '/dash/apps/:app/transfer_to_org/*']],
  [
    'Claims of ephemeral apps',
    ['/dash/apps/ephemeral/:app/claim', '/dash/apps/:app/claim', '/dash/apps/get_a_db', '/dash/apps/get_a_db/*'],
  ],
  [
    'OAuth apps of the platform',
    [
      ...['/platform/oauth/*', '/dash/user/oauth_apps', '/dash/user/oauth_apps/*'],
      ...['/dash/apps/:app/oauth-apps', '/dash/apps/:app/oauth-apps/*', '/dash/apps/:app/oauth-app-clients/*'],
      '/dash/apps/:app/oauth-app-client-secrets/*',
    ],
  ],
  ['Test users', ['/dash/apps/:app/test_users']],
  ['Earlier versions of rules', ['/dash/apps/:app/rule-versions']],
  [
    'Verifications of senders',
    ['/dash/apps/:app/sender-verification', '/dash/apps/:app/sender-verification/*', '/dash/apps/:app/send-test-email'],
  ],
  [
    "The cloud's own statistics and switches",
    [
      ...['/dash/admin', '/dash/check-admin', '/dash/sunset', '/dash/sunset/*', '/dash/top', '/dash/paid', '/dash/storage'],
      ...['/dash/investor_updates', '/dash/overview/*', '/dash/admin-debug-uri', '/dash/restores/*', '/dash/restore-jobs'],
      ...['/dash/restore-jobs/*', '/dash/stats/*', '/dash/session_counts', '/dash/apps/:app/stats', '/dash/ws_playground'],
    ],
  ],
];
