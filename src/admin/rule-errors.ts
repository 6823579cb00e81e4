// A query over HTTP is answered without the rows and fields whose view rule could not be evaluated. The server names the failures in a
// header; they are reported, because the result alone does not show that something is missing. PROTOCOL.md#error

import { InstantAPIError } from '../errors.ts';
import { readErrorBody } from '../http/rejection.ts';
import { isObject } from '../lib/json.ts';

export function ruleErrorsIn(headers: Headers): InstantAPIError[] {
  return parse(headers.get('triplane-rule-errors')).map(({ status, ...body }) => {
    return new InstantAPIError({ status: typeof status === 'number' ? status : 400, body: readErrorBody(body, '') });
  });
}

function parse(text: string | null): Record<string, unknown>[] {
  try {
    const value: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(value) ? value.filter(isObject) : [];
  } catch {
    return [];
  }
}
