// Authentication of a request: the app it is for, and its actor: an admin, an impersonated user, a signed-in user, or a guest.

import type { Context } from 'hono';
import { isUuid } from '../../lib/uuid.ts';
import type { App } from '../session/app.ts';
import { hashToken } from '../auth/secrets.ts';
import { type AppUser, userByEmail, userOf } from '../auth/users.ts';
import type { Hub } from '../session/hub.ts';
import { checkUse, type Use } from '../session/app-status.ts';
import { whenDurable } from '../data/submit.ts';
import { type Actor, adminActor } from '../data/system-rules.ts';
import type { HttpContext } from './context.ts';
import { malformed, missing, noPerson, unauthorized } from './errors.ts';
import type { InstantAPIError } from '../../errors.ts';
import { recordNotFound, rejection } from '../errors.ts';

export interface RequestActor {
  readonly app: App;
  readonly actor: Actor;
  /** An admin impersonates somebody. */
  readonly isImpersonated: boolean;
  readonly user?: AppUser;
  /** Id of the refresh token that identifies the caller. */
  readonly tokenHash?: string;
}

/** The app named by a header or by the URL. */
export function appIdOf(context: Context): string {
  const given = context.req.header('app-id') ?? context.req.query('app_id');
  if (!given) throw missing(['headers', 'app-id'], [['query-params', 'app_id']]);
  const text = given.trim();
  if (!isUuid(text))
    throw malformed(['headers', 'app-id'], given, [
      ['headers', 'app-id'],
      ['query-params', 'app_id'],
    ]);
  return text.toLowerCase();
}

/** The app's admin token, or the operator token. @throws InstantAPIError for any other token */
export async function requireAdmin(context: Context, hub: Hub, appId: string): Promise<void> {
  const token = bearerOf(context);
  if (await hub.isAdminOf(appId, token)) return;
  throw isUuid(token) || (await hub.isOperator(token)) ? recordNotFound('app-admin-token', { 'app-id': appId }) : noPerson(token);
}

/** For tools that act for a person: here the operator. @throws InstantAPIError 401 on the dashboard, which tells tools to log in */
export async function requireOperator(context: Context, hub: Hub): Promise<void> {
  const token = bearerOf(context);
  if (!(await hub.isOperator(token))) throw context.req.path.startsWith('/superadmin/') ? noPerson(token) : unauthorized();
}

/** For what personal access tokens may not do: revoking one must not leave another that it made. @throws InstantAPIError 401 */
export function requireOperatorToken(context: Context, hub: Hub): void {
  if (!hub.isOperatorToken(bearerOf(context))) throw unauthorized();
}

/** The app in the path, for a tool with admin rights. @throws InstantAPIError */
export async function toolApp(context: Context, { hub }: HttpContext): Promise<App> {
  const given = context.req.param('app') ?? '';
  if (!isUuid(given)) throw malformed(['params', 'app_id'], given);
  const [id, token] = [given.toLowerCase(), bearerOf(context)];
  if (await hub.isAdminOf(id, token)) return hub.app(id);
  if (await hub.isOperator(token)) throw recordNotFound('app', { id });
  if (await hub.isSomeAppsToken(token)) throw wrongApp(id);
  throw isUuid(token) || context.req.path.startsWith('/dash/') ? unauthorized() : noPerson(token);
}

function wrongApp(id: string): InstantAPIError {
  const message = `This admin token does not belong to app ${id}. Admin tokens are bound to a single app. Use a personal access token to manage other apps.`;
  return rejection('validation-failed', message, { reason: 'admin-token-mismatch' });
}

function bearerOf(context: Context): string {
  const header = context.req.header('authorization');
  if (header === undefined) throw missing(['headers', 'authorization']);
  const token = (header.split('Bearer ').at(-1) ?? '').trim();
  if (!isUuid(token) && !/^(per|pat)_/.test(token)) throw malformed(['headers', 'authorization'], header);
  return token;
}

/** `use`: the app status required; missing = any. */
export async function adminOf(context: Context, http: HttpContext, use?: Use): Promise<App> {
  const appId = appIdOf(context);
  await requireAdmin(context, http.hub, appId);
  const app = await http.hub.app(appId);
  if (use) checkUse(use, app.status);
  return app;
}

/** `use`: the app status required; missing = any. */
export async function actorOf(context: Context, http: HttpContext, use?: Use): Promise<RequestActor> {
  const requester = await findActor(context, http);
  if (use) checkUse(use, requester.app.status);
  return requester;
}

async function findActor(context: Context, http: HttpContext): Promise<RequestActor> {
  const appId = appIdOf(context);
  const address = addressOf(context, http);
  const [token, email, guest] = ['as-token', 'as-email', 'as-guest'].map((name) => context.req.header(name));
  if (token !== undefined) {
    if (!isUuid(token.trim())) throw malformed(['asUser', 'token'], token);
    const app = await http.hub.app(appId);
    await http.acceptedTokens?.accept(app, token.trim());
    const user = await http.accounts(app).verifyToken(token.trim());
    const actor = { userId: user.id, isAdmin: false, ...address };
    return { app, actor, isImpersonated: true, user, tokenHash: hashToken(token.trim()) };
  }
  if (email === undefined && guest !== undefined) {
    return { app: await http.hub.app(appId), actor: { userId: undefined, isAdmin: false, ...address }, isImpersonated: true };
  }
  await requireAdmin(context, http.hub, appId);
  const app = await http.hub.app(appId);
  if (email === undefined) return { app, actor: { ...adminActor, ...address }, isImpersonated: false };
  const row = await whenDurable(app.ledger, () => userByEmail(app.ledger.db, email));
  if (!row) throw recordNotFound('app-user', { 'app-id': appId, email });
  const user = userOf(app.ledger.db, row, app.id);
  return { app, actor: { userId: row.id, isAdmin: false, ...address }, isImpersonated: true, user };
}

/** The user of the bearer token; a token unknown to this app counts as anonymous. */
export async function viewerOf(context: Context, http: HttpContext, app: App): Promise<string | undefined> {
  const token = context.req.header('authorization')?.split('Bearer ').at(-1)?.trim();
  if (!token || !isUuid(token)) return undefined;
  await http.acceptedTokens?.accept(app, token);
  return (await http.accounts(app).get({ token }))?.id;
}

export interface ActorAddress {
  readonly ip: string;
  readonly origin: string;
}

interface Outgoing {
  readonly destroyed: boolean;
  once(event: 'close', listener: () => void): unknown;
  destroy(): unknown;
}

interface NodeEnv {
  readonly outgoing?: Outgoing;
  readonly incoming?: { readonly httpVersion?: string; readonly socket?: { readonly remoteAddress?: string } };
}

export function addressOf(context: Context, http: HttpContext): ActorAddress {
  const ip = http.clientAddress(remoteAddressOf(context), context.req.header('x-forwarded-for'));
  return { ip, origin: context.req.header('origin') ?? '' };
}

/** Address of the connection itself. */
export function remoteAddressOf(context: Context): string | undefined {
  return (context.env as NodeEnv | undefined)?.incoming?.socket?.remoteAddress;
}

export function httpVersionOf(context: Context): string | undefined {
  return (context.env as NodeEnv | undefined)?.incoming?.httpVersion;
}

/** Undefined where it is not Node that serves. */
export function outgoingOf(context: Context): Outgoing | undefined {
  return (context.env as NodeEnv | undefined)?.outgoing;
}

/** Aborted when the connection is closed before the answer is sent; undefined where that is not known. */
export function leftSignal(context: Context): AbortSignal | undefined {
  const outgoing = outgoingOf(context);
  if (!outgoing) return undefined;
  const left = new AbortController();
  if (outgoing.destroyed) left.abort();
  else outgoing.once('close', () => left.abort());
  return left.signal;
}
