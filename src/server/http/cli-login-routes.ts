// `instant-cli login`: the tool registers a request and polls; the operator approves it on a page of this server with the operator token;
// the tool receives a personal access token. Requests are kept in memory for a few minutes.

import { Hono } from 'hono';
import { html } from 'hono/html';
import { newToken } from '../auth/secrets.ts';
import { invalid, rejection } from '../errors.ts';
import { networkOf } from '../client-address.ts';
import { addressOf, requireOperator } from './caller.ts';
import type { HttpContext } from './context.ts';
import { bodyText } from './body-limit.ts';
import { asUuid, bodyOf, required } from './request.ts';

interface LoginRequest {
  readonly ticket: string;
  /** The network it comes from. */
  readonly from: string;
  readonly at: number;
  readonly state: 'waiting' | 'voided' | 'claimed';
  /** Set on approval, until the tool has fetched it. */
  readonly token?: string;
}

const lifetimeMs = 10 * 60_000;
const mostRequests = 10_000;
/** One network's requests replace its own. */
const mostPerNetwork = 20;
/** Not framed, not cached, no scripts. */
const pageHeaders = {
  'x-frame-options': 'DENY',
  'content-security-policy': "default-src 'none'; form-action 'self'",
  'cache-control': 'no-store',
};
const operatorEmail = 'operator@triplane.local';

const issues = {
  'waiting-for-user': 'Nobody has accepted the request yet',
  'user-voided-request': 'The request was refused',
  'user-already-claimed': 'The token of this request has been fetched',
} as const;

export function cliLoginRoutes(http: HttpContext): Hono {
  const routes = new Hono();
  const requests = new LoginRequests(http);

  routes.get('/dash/cli/version', (context) => context.json({ 'min-version': { 'dev?': false, major: 0, minor: 19, patch: 0 } }));
  routes.post('/dash/cli/auth/register', (context) => context.json(requests.register(networkOf(addressOf(context, http).ip))));
  routes.post('/dash/cli/auth/check', async (context) => {
    const token = requests.fetch(required(await bodyOf(context), 'secret', asUuid));
    return context.json({ token, email: operatorEmail });
  });
  routes.post('/dash/cli/auth/claim', async (context) => {
    await requireOperator(context, http.hub);
    const ticket = required(await bodyOf(context), 'ticket', asUuid);
    await requests.accept(ticket);
    return context.json({ ticket });
  });
  routes.post('/dash/cli/auth/void', async (context) => {
    await requireOperator(context, http.hub);
    requests.refuse(required(await bodyOf(context), 'ticket', asUuid));
    return context.json({});
  });

  routes.get('/dash', async (context, next) => {
    const ticket = asUuid(context.req.query('ticket'));
    return ticket === undefined ? next() : context.html(form(ticket, ''), 200, pageHeaders);
  });
  routes.post('/dash/cli/login', async (context) => {
    const fields = new URLSearchParams(await bodyText(context));
    const [ticket, token] = [asUuid(fields.get('ticket')), fields.get('token')?.trim()];
    if (ticket === undefined || !requests.has(ticket)) return context.html(page('The request is not known, or too old'), 400, pageHeaders);
    if (!(await http.hub.isOperator(token))) return context.html(form(ticket, 'This is not the operator token.'), 400, pageHeaders);
    await requests.accept(ticket);
    return context.html(page('You are logged in. You can close this page.'), 200, pageHeaders);
  });

  return routes;
}

class LoginRequests {
  readonly #http: HttpContext;
  /** By secret, oldest first. */
  readonly #requests = new Map<string, LoginRequest>();

  constructor(http: HttpContext) {
    this.#http = http;
  }

  register(from: string): { readonly secret: string; readonly ticket: string } {
    const [secret, ticket] = [newToken(), newToken()];
    const theirs = [...this.#requests].filter(([, request]) => request.from === from);
    for (const [old] of theirs.slice(0, Math.max(0, theirs.length + 1 - mostPerNetwork))) this.#requests.delete(old);
    this.#requests.set(secret, { ticket, from, at: this.#http.clock.monotonicNow(), state: 'waiting' });
    for (const [old, { at }] of this.#requests) {
      if (this.#requests.size <= mostRequests && !this.#isOver(at)) break;
      this.#requests.delete(old);
    }
    return { secret, ticket };
  }

  /** Returns the token once. @throws InstantAPIError that tells the tool whether to keep polling */
  fetch(secret: string): string {
    const request = this.#requests.get(secret);
    if (!request || this.#isOver(request.at)) throw unknown();
    const { token, ...rest } = request;
    if (token === undefined) {
      const issue = ({ waiting: 'waiting-for-user', voided: 'user-voided-request', claimed: 'user-already-claimed' } as const)[rest.state];
      throw invalid('instant-cli-login', null, [{ issue, message: issues[issue] }]);
    }
    this.#requests.set(secret, rest);
    return token;
  }

  has(ticket: string): boolean {
    return this.#find(ticket) !== undefined;
  }

  /** @throws InstantAPIError */
  async accept(ticket: string): Promise<void> {
    const [secret, request] = this.#find(ticket) ?? [];
    if (secret === undefined || request?.state !== 'waiting') throw unknown();
    // Set synchronously, so that two clicks create one token.
    this.#requests.set(secret, { ...request, state: 'claimed' });
    const { token } = await this.#http.hub.registry.createAccessToken('instant-cli login', this.#http.clock.now());
    this.#requests.set(secret, { ...request, state: 'claimed', token });
  }

  /** @throws InstantAPIError */
  refuse(ticket: string): void {
    const [secret, request] = this.#find(ticket) ?? [];
    if (secret === undefined || request?.state !== 'waiting') throw unknown();
    this.#requests.set(secret, { ...request, state: 'voided' });
  }

  #find(ticket: string): readonly [string, LoginRequest] | undefined {
    return [...this.#requests].find(([, request]) => request.ticket === ticket && !this.#isOver(request.at));
  }

  #isOver(at: number): boolean {
    return this.#http.clock.monotonicNow() - at > lifetimeMs;
  }
}

function unknown(): Error {
  return rejection('record-not-found', 'Record not found: instant-cli-login', { 'record-type': 'instant-cli-login' });
}

function page(content: unknown): ReturnType<typeof html> {
  return html`<!doctype html>
    <html lang="en">
      <meta charset="utf-8" />
      <title>Log in</title>
      <h1>Triplane</h1>
      <p>${content}</p>
    </html>`;
}

function form(ticket: string, fault: string): ReturnType<typeof html> {
  return page(
    html`${fault} Log in the command line tool only if you have just started it.
      <form method="post" action="/dash/cli/login">
        <input type="hidden" name="ticket" value="${ticket}" />
        <label>Operator token <input type="password" name="token" autocomplete="off" required /></label>
        <button>Log in</button>
      </form>`,
  );
}
