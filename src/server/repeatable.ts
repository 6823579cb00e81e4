// What a refusal may repeat of a request. Hints reach logs and pages of others, so secrets are left out: by the name of a field, and by the
// form of a text that stands in the wrong field.

import { isObject } from '../lib/json.ts';

const secretName = /token|code|secret|password|state|key|nonce|verifier|ticket|signature|authorization/i;

/** Tokens of people, signed tokens, headers with credentials, and URLs that let their holder in. */
const secretText =
  /^(bearer|basic) |^(per|pat)_|^eyJ[\w-]+\.|^[a-z][a-z\d+.-]*:\/\/[^/?#]*@|[?&][^=&#]*(token|signature|secret|password|key|code)[^=&#]*=/i;

const codeLength = 6;

export const mayBeSecret = (name: string): boolean => secretName.test(name);

/** Shorter than a magic code, which is the shortest secret. */
export function isTooShortForSecret(given: unknown): boolean {
  if (typeof given === 'string') return given.replace(/^bearer\b/i, '').trim().length < codeLength;
  return typeof given === 'boolean' || (typeof given === 'number' && String(given).length < codeLength);
}

/** Undefined if nothing of it may be repeated. */
export function repeatable(given: unknown): unknown {
  if (typeof given === 'string') return secretText.test(given.trim()) && !isTooShortForSecret(given) ? undefined : given;
  if (Array.isArray(given)) return given.map(repeatable).filter((item) => item !== undefined);
  if (!isObject(given)) return given;
  const fields = Object.entries(given).flatMap(([name, value]) => {
    const shown = mayBeSecret(name) ? undefined : repeatable(value);
    return shown === undefined ? [] : [[name, shown] as const];
  });
  return Object.fromEntries(fields);
}

/** A text for a message. `String` fails for an object of a request whose `toString` is no function. */
export function textOf(given: unknown): string {
  return typeof given === 'object' && given !== null ? JSON.stringify(given) : String(given);
}
