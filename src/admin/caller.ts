// Who makes a call: the app with its admin token, or a user or guest in whose name it is made. Missing credentials are reported here,
// before any request.

import { TriplaneError } from '../errors.ts';
import type { AuthToken } from '../types/auth.ts';
import type { ResolvedConfig } from './config.ts';

/** In whose name a call is made. Exactly one key. */
export type ImpersonationOpts = { email: string } | { token: AuthToken } | { guest: boolean };

export type Headers = Record<string, string>;

/** @throws TriplaneError 'config-invalid' unless exactly one way to name a caller is given, with a value that can be one */
export function checkImpersonation(given: unknown): ImpersonationOpts {
  const opts = (typeof given === 'object' && given !== null ? given : {}) as Readonly<Record<string, unknown>>;
  const keys = ['email', 'token', 'guest'].filter((key) => opts[key] !== undefined);
  const [key = '', ...more] = keys;
  if (keys.length === 0 || more.length > 0) {
    const found = keys.length === 0 ? 'none of them' : keys.join(' and ');
    throw new TriplaneError('config-invalid', `asUser takes exactly one of email, token and guest, and got ${found}`);
  }
  if (key === 'guest' ? opts[key] !== true : typeof opts[key] !== 'string' || opts[key].trim() === '') {
    throw new TriplaneError('config-invalid', `asUser: ${key} must be ${key === 'guest' ? 'true' : 'a string that is not empty'}`);
  }
  return { [key]: opts[key] } as ImpersonationOpts;
}

/**
 * The headers of a call that honours impersonation.
 *
 * @throws TriplaneError 'config-invalid' without the credentials that it needs
 */
export function callerHeaders(config: ResolvedConfig, as: ImpersonationOpts | undefined): Headers {
  if (config.adminToken === undefined && (as === undefined || 'email' in as)) {
    const remedy = as
      ? 'To impersonate users by email, pass `adminToken` to `init`'
      : 'Pass `adminToken` to `init`, or use `db.asUser` with a token or as a guest';
    throw new TriplaneError('config-invalid', `Admin token required. ${remedy}`);
  }
  return { ...appHeaders(config), ...impersonationHeaders(as) };
}

/** The headers of a call that only the app itself may make. @throws TriplaneError 'config-invalid' without an admin token */
export function adminHeaders(config: ResolvedConfig): Headers {
  return callerHeaders(config, undefined);
}

function appHeaders({ appId, adminToken }: ResolvedConfig): Headers {
  return { 'app-id': appId, ...(adminToken !== undefined && { authorization: `Bearer ${adminToken}` }) };
}

function impersonationHeaders(as: ImpersonationOpts | undefined): Headers {
  if (!as) return {};
  if ('email' in as) return { 'as-email': as.email };
  return 'token' in as ? { 'as-token': as.token } : { 'as-guest': 'true' };
}
