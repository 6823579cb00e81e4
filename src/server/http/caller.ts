// Which app a request is for, and who makes it: an admin, somebody an admin or a token speaks for, or nobody.

import type { Context } from 'hono';
import { isUuid } from '../../lib/uuid.ts';
import type { App } from '../session/app.ts';
import { hashToken } from '../auth/secrets.ts';
import { type AppUser, userByEmail, userOf } from '../auth/users.ts';
import type { Hub } from '../session/hub.ts';
import { checkUse, type Use } from '../session/app-status.ts';
import { whenDurable } from '../data/submit.ts';
import type { Actor } from '../data/system-rules.ts';
import type { HttpContext } from './context.ts';
import { malformed, missing, notFound } from './errors.ts';

export interface RequestActor {
  readonly app: App;
  readonly actor: Actor;
  /** Somebody is spoken for. */
  readonly isImpersonated: boolean;
  readonly user?: AppUser;
  /** Of the refresh token that says who calls. */
  readonly tokenHash?: string;
}

/** The app named by a header, or in the address. */
export function appIdOf(context: Context): string {
  const given = context.req.header('app-id') ?? context.req.query('app_id');
  if (!given) throw missing(['headers', 'app-id']);
  const text = given.trim();
  if (!isUuid(text)) throw malformed(['headers', 'app-id']);
  return text.toLowerCase();
}

/** The server's own admin token, or the app's. @throws InstantAPIError if it is neither */
export async function requireAdmin(context: Context, hub: Hub, appId: string): Promise<void> {
  if (!(await hub.isAdminOf(appId, bearerOf(context)))) throw notFound('app-admin-token');
}

/** @throws InstantAPIError if it is not the token that opens every app */
export function requireServerAdmin(context: Context, hub: Hub): void {
  if (!hub.isAdmin(bearerOf(context))) throw notFound('app-admin-token');
}

function bearerOf(context: Context): string {
  const header = context.req.header('authorization');
  if (!header) throw missing(['headers', 'authorization']);
  const token = header.split('Bearer ').at(-1)?.trim();
  if (!isUuid(token)) throw malformed(['headers', 'authorization']);
  return token;
}

/** `use`: what the app must be open to; missing = it may be closed. */
export async function adminOf(context: Context, http: HttpContext, use?: Use): Promise<App> {
  const appId = appIdOf(context);
  await requireAdmin(context, http.hub, appId);
  const app = await http.hub.app(appId);
  if (use) checkUse(use, app.status);
  return app;
}

/** `use`: what the app must be open to; missing = it may be closed. */
export async function actorOf(context: Context, http: HttpContext, use?: Use): Promise<RequestActor> {
  const requester = await findActor(context, http);
  if (use) checkUse(use, requester.app.status);
  return requester;
}

async function findActor(context: Context, http: HttpContext): Promise<RequestActor> {
  const appId = appIdOf(context);
  const address = addressOf(context);
  const [token, email, guest] = ['as-token', 'as-email', 'as-guest'].map((name) => context.req.header(name));
  if (token !== undefined) {
    if (!isUuid(token.trim())) throw malformed(['asUser', 'token']);
    const app = await http.hub.app(appId);
    await http.hub.acceptToken(app, token.trim());
    const user = await http.accounts(app).verifyToken(token.trim());
    const actor = { userId: user.id, isAdmin: false, ...address };
    return { app, actor, isImpersonated: true, user, tokenHash: hashToken(token.trim()) };
  }
  if (email === undefined && guest !== undefined) {
    return { app: await http.hub.app(appId), actor: { userId: undefined, isAdmin: false, ...address }, isImpersonated: true };
  }
  await requireAdmin(context, http.hub, appId);
  const app = await http.hub.app(appId);
  if (email === undefined) return { app, actor: { userId: undefined, isAdmin: true, ...address }, isImpersonated: false };
  const row = await whenDurable(app.ledger, () => userByEmail(app.ledger.db, email) ?? userByEmail(app.ledger.db, email.toLowerCase()));
  if (!row) throw notFound('app-user');
  const user = userOf(app.ledger.db, row, app.id);
  return { app, actor: { userId: row.id, isAdmin: false, ...address }, isImpersonated: true, user };
}

/** Who is signed in by the bearer: nobody, if the token is none of this app's. What is asked is answered for nobody then. */
export async function viewerOf(context: Context, http: HttpContext, app: App): Promise<string | undefined> {
  const token = context.req.header('authorization')?.split('Bearer ').at(-1)?.trim();
  if (!token || !isUuid(token)) return undefined;
  await http.hub.acceptToken(app, token);
  return (await http.accounts(app).get({ token }))?.id;
}

export interface ActorAddress {
  readonly ip: string;
  readonly origin: string;
}

interface NodeEnv {
  readonly incoming?: { readonly socket?: { readonly remoteAddress?: string } };
}

/** A proxy is believed only if it runs on this machine. */
export function addressOf(context: Context): ActorAddress {
  const address = (context.env as NodeEnv | undefined)?.incoming?.socket?.remoteAddress ?? '';
  const isLocal = address === '' || address === '::1' || address.replace('::ffff:', '').startsWith('127.');
  const forwarded = context.req.header('x-forwarded-for')?.split(',')[0]?.trim();
  return { ip: (isLocal ? forwarded : undefined) ?? address, origin: context.req.header('origin') ?? '' };
}
