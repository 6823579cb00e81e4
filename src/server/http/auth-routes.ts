// Sign-in and sign-out of users: `/runtime/auth` and `/runtime/signout`. No admin token is needed; the body names the app.

import { type Context, Hono } from 'hono';
import { checkUse, type Use } from '../session/app-status.ts';
import { addressOf } from './caller.ts';
import { asEmail, asObject, asUuid, bodyOf, type Fields, optional, required } from './request.ts';
import type { HttpContext } from './context.ts';

export function authRoutes(http: HttpContext): Hono {
  const routes = new Hono();
  const accountsFor = async (body: Fields, name: 'app-id' | 'app_id', use?: Use) => {
    const app = await http.hub.app(required(body, name, asUuid));
    if (use) checkUse(use, app.status);
    return { app, accounts: http.accounts(app) };
  };

  const clientOf = (context: Context): { readonly from: string; readonly origin: string } => {
    const { ip: from, origin } = addressOf(context, http);
    return { from, origin };
  };

  routes.post('/auth/send_magic_code', async (context) => {
    const body = await bodyOf(context);
    const email = required(body, 'email', asEmail);
    const { app, accounts } = await accountsFor(body, 'app-id', 'write');
    const code = await accounts.codeToSend(email, addressOf(context, http).ip);
    if (code !== undefined) await http.send(app, email, code);
    return context.json({ sent: true });
  });

  routes.post('/auth/verify_magic_code', async (context) => {
    const body = await bodyOf(context);
    const [email, code] = [required(body, 'email', asEmail), required(body, 'code', asCode)];
    const options = { guestToken: optional(body, 'refresh-token', asUuid), extraFields: optional(body, 'extra-fields', asObject) };
    const { app, accounts } = await accountsFor(body, 'app-id', 'write');
    if (options.guestToken !== undefined) await http.acceptedTokens?.accept(app, options.guestToken);
    return context.json(await accounts.signInByCode(email, code, { ...options, ...clientOf(context) }));
  });

  routes.post('/auth/verify_refresh_token', async (context) => {
    const body = await bodyOf(context);
    const token = required(body, 'refresh-token', asUuid);
    const { app, accounts } = await accountsFor(body, 'app-id');
    await http.acceptedTokens?.accept(app, token);
    return context.json({ user: await accounts.verifyToken(token) });
  });

  routes.post('/auth/sign_in_guest', async (context) => {
    const body = await bodyOf(context);
    const { accounts } = await accountsFor(body, 'app-id', 'write');
    const extraFields = optional(body, 'extra-fields', asObject);
    const { user } = await accounts.signInGuest({ extraFields, ...clientOf(context) });
    return context.json({ user });
  });

  routes.post('/signout', async (context) => {
    const body = await bodyOf(context);
    required(body, 'app_id', asUuid);
    const token = required(body, 'refresh_token', asUuid);
    const { accounts } = await accountsFor(body, 'app_id');
    await accounts.signOut([{ token }]);
    return context.json({});
  });

  return routes;
}

/** A malformed code is looked up like any other and found unknown. */
export const asCode = (given: unknown): string | undefined => (typeof given === 'string' ? given : undefined);
