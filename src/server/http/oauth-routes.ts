// OAuth sign-in over HTTP: `/runtime/oauth`, also with the app in the path; and, for tools, an app's providers.

import { type Context, Hono } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import { html } from 'hono/html';
import { isUuid } from '../../lib/uuid.ts';
import { OAuthFault } from '../auth/oauth/providers.ts';
import { checkUse } from '../session/app-status.ts';
import { bodyText } from './body-limit.ts';
import { asObject, asText, asUuid, bodyOf, type Fields, optional, required } from './request.ts';
import { addressOf } from './caller.ts';
import type { HttpContext } from './context.ts';
import { malformed, missing } from './errors.ts';

const cookieName = '__session';
const cookiePrefix = 'instantdb_';
const hourSeconds = 3600;

export function oauthRoutes(http: HttpContext): Hono {
  const routes = new Hono();

  for (const path of ['/oauth', '/:app/oauth']) {
    routes.get(`${path}/start`, async (context) => {
      const query = context.req.query();
      const app = await http.hub.app(required({ ...query, app_id: appIn(context, query) }, 'app_id', asUuid, 'params'));
      checkUse('write', app.status);
      const { url, cookie } = await http.oauth(app).start({
        clientName: clientNameIn(query),
        redirectUri: required(query, 'redirect_uri', asText, 'params'),
        state: optional(query, 'state', asText, 'params'),
        codeChallenge: optional(query, 'code_challenge', asText, 'params'),
        codeChallengeMethod: optional(query, 'code_challenge_method', asText, 'params'),
        hd: optional(query, 'hd', asText, 'params'),
        from: addressOf(context, http).ip,
      });
      const isSecure = app.origin.startsWith('https:');
      // Providers that post their response do so cross-site.
      const site = isSecure ? ({ secure: true, sameSite: 'None' } as const) : {};
      setCookie(context, cookieName, cookiePrefix + cookie, { path: '/runtime/oauth', httpOnly: true, maxAge: hourSeconds, ...site });
      return context.redirect(url, 302);
    });

    routes.post(`${path}/token`, async (context) => {
      const { fields, idOf } = await tokenFields(context);
      const app = await http.hub.app(idOf('app_id'));
      checkUse('write', app.status);
      const signedIn = await http.oauth(app).token({
        code: idOf('code'),
        codeVerifier: optional(fields, 'code_verifier', asText),
        origin: context.req.header('origin'),
        from: addressOf(context, http).ip,
        refreshToken: optional(fields, 'refresh_token', asUuid),
        extraFields: optional(fields, 'extra_fields', asObject),
      });
      return context.json({ ...signedIn, refresh_token: signedIn.user.refresh_token });
    });
  }

  routes.on(['GET', 'POST'], '/oauth/callback', async (context) => {
    const given = { ...context.req.query(), ...(context.req.method === 'POST' ? await formOf(context) : {}) };
    if (given['test-redirect'] !== undefined) return context.html(page('Test redirect', 'The redirect works.'));
    try {
      const url = await callback(context, http, given);
      return /^https?:/.test(url) ? context.redirect(url, 302) : context.html(openApp(url));
    } catch (error) {
      if (error instanceof OAuthFault) return context.json({ type: 'oauth-error', error: error.message }, 400);
      throw error;
    }
  });

  routes.post('/oauth/id_token', async (context) => {
    const body = await bodyOf(context);
    const app = await http.hub.app(required(body, 'app_id', asUuid));
    checkUse('write', app.status);
    const signedIn = await http.oauth(app).idToken({
      clientName: required(body, 'client_name', asText),
      idToken: required(body, 'id_token', asText),
      nonce: optional(body, 'nonce', asText),
      origin: context.req.header('origin'),
      from: addressOf(context, http).ip,
      refreshToken: optional(body, 'refresh_token', asUuid),
      extraFields: optional(body, 'extra_fields', asObject),
    });
    return context.json(signedIn);
  });

  routes.get('/:app/.well-known/openid-configuration', (context) => {
    const id = asUuid(context.req.param('app'));
    if (id === undefined) throw malformed(['params', 'app_id'], context.req.param('app'));
    const origin = http.hub.origin;
    return context.json({
      authorization_endpoint: `${origin}/runtime/${id}/oauth/start`,
      token_endpoint: `${origin}/runtime/${id}/oauth/token`,
    });
  });

  return routes;
}

const appIn = (context: Context, fields: Fields): unknown => context.req.param('app') ?? fields.app_id;

function clientNameIn(query: Fields): string {
  const given = query.client_name ?? query.client_id;
  if (given === undefined) throw missing(['params', 'client_name'], [['params', 'client_id']]);
  const name = asText(given);
  if (name === undefined)
    throw malformed(['params', 'client_name'], given, [
      ['params', 'client_name'],
      ['params', 'client_id'],
    ]);
  return name;
}

async function callback(context: Context, http: HttpContext, given: Readonly<Record<string, string>>): Promise<string> {
  const { state, code, error } = given;
  if (state === undefined) throw new OAuthFault(error ?? 'Missing state param in OAuth redirect.');
  const [appId, secret] = [state.slice(0, 36), state.slice(36)];
  if (state.length !== 72 || !isUuid(appId) || !isUuid(secret)) throw new OAuthFault('Invalid state param in OAuth redirect.');
  if (error !== undefined) throw new OAuthFault(error);
  if (code === undefined) throw new OAuthFault('Missing code param in OAuth redirect.');
  const cookie = getCookie(context, cookieName);
  const app = await http.hub.app(appId.toLowerCase());
  return http.oauth(app).callback(secret, cookie?.startsWith(cookiePrefix) ? cookie.slice(cookiePrefix.length) : undefined, { code });
}

interface TokenFields {
  readonly fields: Fields;
  /** @throws InstantAPIError that names all places where it may be */
  readonly idOf: (name: string) => string;
}

/** Parameters from JSON, a form, or the URL. */
async function tokenFields(context: Context): Promise<TokenFields> {
  const [query, form, body]: Fields[] = [context.req.query(), await formOf(context), await bodyOf(context)];
  const sources = { params: { ...query, ...context.req.param() }, 'form-params': { ...form }, body: { ...body } };
  const fields: Fields = { ...sources.params, ...sources['form-params'], ...sources.body };
  const inPath = context.req.param('app');
  const idOf = (name: string): string => {
    const given = name === 'app_id' && inPath !== undefined ? inPath : fields[name];
    if (given === undefined || given === null) throw missing(['params', name], placesOf(name));
    const id = asUuid(given);
    const place = (['body', 'form-params', 'params'] as const).find((each) => Object.hasOwn(sources[each], name)) ?? 'params';
    if (id === undefined) throw malformed([place, name], given, [['params', name], ...placesOf(name)]);
    return id;
  };
  return { fields, idOf };
}

/** As recorded: some places are listed twice. */
const placesOf = (name: string): [string, string][] =>
  ['params', 'body', 'body', 'form-params', 'form-params'].map((place) => [place, name]);

async function formOf(context: Context): Promise<Readonly<Record<string, string>>> {
  if (!/^application\/x-www-form-urlencoded/i.test(context.req.header('content-type') ?? '')) return {};
  return Object.fromEntries(new URLSearchParams(await bodyText(context)));
}

function page(title: string, content: unknown): ReturnType<typeof html> {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
      </head>
      <body>
        ${content}
      </body>
    </html>`;
}

function openApp(url: string): ReturnType<typeof html> {
  const refresh = html`<meta http-equiv="refresh" content="0; url=${url}" />
    <p><a href="${url}">Open the app</a></p>`;
  return page('Signed in', refresh);
}
