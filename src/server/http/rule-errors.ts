// A response that leaves out rows or fields because their view rule could not be evaluated says so in a header, as a session is told by an
// `error` message. The body stays what it is without the failure. PROTOCOL.md#error

import type { RuleFaults } from '../rules/rule-faults.ts';

export const ruleErrorsHeader = 'triplane-rule-errors';

/** Proxies reject responses with long headers. */
const maxLength = 4000;

/** @throws InstantAPIError if no rule could be evaluated for any row */
export function ruleErrorHeaders({ errors, total }: RuleFaults): Record<string, string> {
  if (total) throw total;
  if (errors.size === 0) return {};
  const texts: string[] = [];
  let length = 2;
  for (const { status, body } of errors.values()) {
    const { type = null, message = null, hint = null } = body;
    const text = inAscii(JSON.stringify({ status, type, message, hint }));
    length += text.length + 1;
    // The first is told in any case: without its hint, which may repeat data.
    if (length <= maxLength) texts.push(text);
    else if (texts.length === 0) texts.push(inAscii(JSON.stringify({ status, type, message: String(message).slice(0, 500), hint: null })));
    else break;
  }
  return { [ruleErrorsHeader]: `[${texts.join(',')}]` };
}

/** A header has no other characters. */
function inAscii(json: string): string {
  return json.replace(/[^\x20-\x7e]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
