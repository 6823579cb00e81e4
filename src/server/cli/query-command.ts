// `triplane query`: prints the rows that a query finds, as the admin or as somebody else sees them.

import { TriplaneError } from '../../errors.ts';
import { requestJson } from './project-request.ts';
import type { Target } from './project-request.ts';

export interface Eyes {
  readonly admin?: boolean | undefined;
  readonly 'as-email'?: string | undefined;
  readonly 'as-guest'?: boolean | undefined;
  readonly 'as-token'?: string | undefined;
}

/** @throws TriplaneError 'config-invalid' for what is no query, and unless it is told whose eyes to use */
export async function queryCommand(target: Target, text: string, eyes: Eyes, print: (line: string) => void): Promise<void> {
  const query = readQuery(text);
  const headers = headersOf(eyes);
  print(JSON.stringify(await requestJson(target, 'POST', '/admin/query', { body: { query }, headers }), undefined, 2));
}

function headersOf({ admin, 'as-email': email, 'as-guest': guest, 'as-token': token }: Eyes): Record<string, string> {
  const wanted = [
    ...(admin ? [{}] : []),
    ...(guest ? [{ 'as-guest': 'true' }] : []),
    ...(email === undefined ? [] : [{ 'as-email': email }]),
    ...(token === undefined ? [] : [{ 'as-token': token }]),
  ] as Record<string, string>[];
  const [headers] = wanted;
  if (headers && wanted.length === 1) return headers;
  throw new TriplaneError('config-invalid', 'Pass one of --admin, --as-guest, --as-email and --as-token');
}

const tokens = /"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[\p{L}_$][\p{L}\p{N}_$]*(?=\s*:)|,(?=\s*[}\]])/gsu;

/** JSON, or an object as it stands in a program: keys without quotes, single quotes, a comma at the end. */
export function readQuery(text: string): unknown {
  const json = text.replace(tokens, (token) => {
    if (token.startsWith('"')) return token;
    if (token === ',') return '';
    return token.startsWith("'") ? JSON.stringify(token.slice(1, -1).replace(/\\(.)/gs, '$1')) : JSON.stringify(token);
  });
  try {
    return JSON.parse(json) as unknown;
  } catch (cause) {
    throw new TriplaneError('config-invalid', `This is no query: ${text}`, { cause });
  }
}
