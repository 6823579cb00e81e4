// User administration: `/admin/users`, tokens, codes, sign-out.

import { Hono, type Context } from 'hono';
import type { Selector } from '../auth/selectors.ts';
import { invalid } from '../errors.ts';
import { repeatable } from '../repeatable.ts';
import type { Use } from '../session/app-status.ts';
import { asCode } from './auth-routes.ts';
import { asEmail, asObject, asUuid, bodyOf, type Fields, optional, required } from './request.ts';
import { adminOf } from './caller.ts';
import type { HttpContext } from './context.ts';

export function adminUserRoutes(http: HttpContext): Hono {
  const routes = new Hono();
  const accountsFor = async (context: Context, use?: Use) => {
    const app = await adminOf(context, http, use);
    return { app, accounts: http.accounts(app), body: context.req.method === 'POST' ? await bodyOf(context) : paramsOf(context) };
  };

  routes.post('/refresh_tokens', async (context) => {
    const { accounts, body } = await accountsFor(context, 'write');
    const [email, id] = [optional(body, 'email', asEmail), optional(body, 'id', asUuid)];
    if (email === undefined && id === undefined) throw missingSelector(body, 'body');
    return context.json(await accounts.createToken({ email, id }, optional(body, 'extra-fields', asObject)));
  });

  // Allowed in every app status: closing an app must not keep users signed in.
  routes.post('/sign_out', async (context) => {
    const { accounts, body } = await accountsFor(context);
    await accounts.signOut(selectorsIn(body, ['id', 'email', 'refresh_token']));
    return context.json({ ok: true });
  });

  routes.get('/users', async (context) => {
    const { accounts, body } = await accountsFor(context);
    return context.json({ user: (await accounts.get(selectorIn(body, ['email', 'refresh_token', 'id'], 'params'))) ?? null });
  });

  routes.delete('/users', async (context) => {
    const { accounts, body } = await accountsFor(context, 'write');
    return context.json({ deleted: (await accounts.delete(selectorsIn(body, ['email', 'refresh_token', 'id'], 'params'))) ?? null });
  });

  routes.post('/magic_code', async (context) => {
    const { accounts, body } = await accountsFor(context, 'write');
    return context.json({ code: await accounts.makeCode(required(body, 'email', asEmail)) });
  });

  routes.post('/send_magic_code', async (context) => {
    const { app, accounts, body } = await accountsFor(context, 'write');
    const email = required(body, 'email', asEmail);
    const code = await accounts.codeToSend(email, '');
    if (code !== undefined) await http.send(app, email, code);
    return context.json({ code });
  });

  routes.post('/verify_magic_code', async (context) => {
    const { accounts, body } = await accountsFor(context, 'write');
    const extraFields = optional(body, 'extra-fields', asObject);
    const options = { guestToken: optional(body, 'refresh-token', asUuid), extraFields, isTrusted: true, from: '' };
    return context.json(await accounts.signInByCode(required(body, 'email', asEmail), required(body, 'code', asCode), options));
  });

  routes.post('/sign_in_guest', async (context) => {
    const { accounts, body } = await accountsFor(context, 'write');
    const { user } = await accounts.signInGuest({ extraFields: optional(body, 'extra-fields', asObject), isTrusted: true });
    return context.json({ user });
  });

  return routes;
}

/** A repeated parameter is a list, which is not a valid lookup key. */
function paramsOf(context: Context): Fields {
  return Object.fromEntries(
    Object.entries(context.req.queries()).map(([name, values]) => [name, values.length === 1 ? values[0] : values]),
  );
}

type SelectorName = 'email' | 'id' | 'refresh_token';

/** The first parameter present, in this order. */
function selectorIn(fields: Fields, names: readonly SelectorName[], location = 'body'): Selector {
  for (const name of names) {
    const text = optional(fields, name, name === 'email' ? asEmail : asUuid, location);
    if (text === undefined) continue;
    return name === 'email' ? { email: text } : name === 'id' ? { id: text } : { token: text };
  }
  throw missingSelector(fields, location);
}

/** The same, and what else is given and not empty. */
function selectorsIn(fields: Fields, names: readonly SelectorName[], location = 'body'): readonly [Selector, ...Selector[]] {
  const first = selectorIn(fields, names, location);
  const given = names.filter((name) => fields[name] && !(name in first || (name === 'refresh_token' && 'token' in first)));
  return [first, ...given.map((name) => selectorIn(fields, [name], location))];
}

function missingSelector(fields: Fields, location: string): Error {
  return invalid(location, repeatable(fields), [{ message: 'an email, an id or a refresh_token must be given' }]);
}
