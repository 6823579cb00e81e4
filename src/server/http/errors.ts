// Errors as HTTP responses: always JSON, with the status of their type. Request content that may be a secret is not repeated.

import { isTriplaneError, InstantAPIError } from '../../errors.ts';
import type { Log } from '../../lib/log.ts';
import { rejection } from '../errors.ts';
import { isTooShortForSecret, mayBeSecret, repeatable } from '../repeatable.ts';

export interface ErrorResponse {
  readonly status: 400 | 401 | 404 | 413 | 429 | 500;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Types whose HTTP status differs from the session's. */
const statusOf: Readonly<Record<string, 429>> = { 'rate-limited': 429, timeout: 429 };

export function errorResponse(error: unknown, log: Log): ErrorResponse {
  if (error instanceof InstantAPIError) {
    const { type, message, hint = null } = error.body;
    const status = (type ? statusOf[type] : undefined) ?? (error.status >= 500 ? 500 : error.status === 401 ? 401 : 400);
    if (status === 500) log.error('a request failed', error.cause ?? error);
    return { status, body: { type: type ?? 'unknown', message: message ?? error.message, hint } };
  }
  const advice = isTriplaneError(error) && error.code === 'dependency-missing' ? error.message : undefined;
  log.error('a request failed', advice ?? error);
  const message = advice ?? 'The server failed';
  return { status: 500, body: { type: 'unknown', message, hint: null } };
}

type Path = readonly string[];

const formatPath = (path: Path): string => `[${path.map((part) => JSON.stringify(part)).join(' ')}]`;

/** `others`: further places where the parameter may be. */
export function missing(path: Path, others?: readonly Path[]): InstantAPIError {
  const hint = { in: path, ...(others && { 'possible-ins': others }) };
  return rejection('param-missing', `Missing parameter: ${formatPath(path)}`, hint);
}

/** `given` is repeated unless it may be a secret. `places`: all places where it may be, if several. */
export function malformed(path: Path, given?: unknown, places?: readonly Path[]): InstantAPIError {
  const shown = path.some(mayBeSecret) && !isTooShortForSecret(given) ? undefined : repeatable(given);
  const hint = { in: path, ...(shown !== undefined && { 'original-input': shown }), ...(places && { 'possible-ins': places }) };
  return rejection('param-malformed', `Malformed parameter: ${formatPath(path)}`, hint);
}

/** An unknown personal (`per_`) or platform (`pat_`) token. */
export function noPerson(token: string): InstantAPIError {
  const type = token.startsWith('pat_') ? 'oauth-access-token' : 'instant-user';
  return rejection('record-not-found', `Record not found: ${type}`, { 'record-type': type });
}

/** No user that a tool could act for. */
export function unauthorized(): InstantAPIError {
  const hint = { args: [{ 'auth?': true }], 'record-type': 'instant-user' };
  return new InstantAPIError({ status: 401, body: { type: 'record-not-found', message: 'Record not found: instant-user', hint } });
}
