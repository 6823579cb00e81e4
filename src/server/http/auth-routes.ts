// How people sign in and out: `/runtime/auth` and `/runtime/signout`. No admin is needed, and the app is named in the body.

import { Hono } from 'hono';
import { checkUse, type Use } from '../session/app-status.ts';
import { asEmail, asObject, asText, asUuid, bodyOf, type Fields, optional, required } from './request.ts';
import type { HttpContext } from './context.ts';

export function authRoutes(http: HttpContext): Hono {
  const routes = new Hono();
  const accountsFor = async (body: Fields, name: 'app-id' | 'app_id', use?: Use) => {
    const app = await http.hub.app(required(body, name, asUuid));
    if (use) checkUse(use, app.status);
    return { app, accounts: http.accounts(app) };
  };

  routes.post('/auth/send_magic_code', async (context) => {
    const body = await bodyOf(context);
    const { app, accounts } = await accountsFor(body, 'app-id', 'write');
    const email = required(body, 'email', asEmail);
    await http.send({ appId: app.id, email, code: await accounts.makeCode(email, true) });
    return context.json({ sent: true });
  });

  routes.post('/auth/verify_magic_code', async (context) => {
    const body = await bodyOf(context);
    const { app, accounts } = await accountsFor(body, 'app-id', 'write');
    const guestToken = optional(body, 'refresh-token', asText);
    if (guestToken !== undefined) await http.hub.acceptToken(app, guestToken);
    const options = { guestToken, extraFields: optional(body, 'extra-fields', asObject) };
    return context.json(await accounts.signInByCode(required(body, 'email', asEmail), required(body, 'code', asCode), options));
  });

  routes.post('/auth/verify_refresh_token', async (context) => {
    const body = await bodyOf(context);
    const { app, accounts } = await accountsFor(body, 'app-id', 'read');
    const token = required(body, 'refresh-token', asText);
    await http.hub.acceptToken(app, token);
    return context.json({ user: await accounts.verifyToken(token) });
  });

  routes.post('/auth/sign_in_guest', async (context) => {
    const body = await bodyOf(context);
    const { accounts } = await accountsFor(body, 'app-id', 'write');
    const { user } = await accounts.signInGuest({ extraFields: optional(body, 'extra-fields', asObject) });
    return context.json({ user });
  });

  routes.post('/signout', async (context) => {
    const body = await bodyOf(context);
    const { accounts } = await accountsFor(body, 'app_id');
    await accounts.signOut({ token: required(body, 'refresh_token', asText) });
    return context.json({});
  });

  return routes;
}

/** Some send a number. */
export function asCode(given: unknown): string | undefined {
  return asText(typeof given === 'number' ? String(given).padStart(6, '0') : given);
}
