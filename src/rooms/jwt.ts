// Decodes the claims of a JSON Web Token without verifying its signature, which only the server can do.

import { isPlain } from './payload.ts';

/** Undefined for anything that is not a JWT. */
export function decodeJwt(token: string): Readonly<Record<string, unknown>> | undefined {
  const [, body, signature] = token.split('.');
  if (body === undefined || signature === undefined) return undefined;
  try {
    const binary = atob(body.replace(/-/g, '+').replace(/_/g, '/'));
    const bytes = Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
    const claims: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return isPlain(claims) ? claims : undefined;
  } catch {
    return undefined;
  }
}
