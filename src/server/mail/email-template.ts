// Template of the magic-code mail, for apps with a text of their own.

import { isObject } from '../../lib/json.ts';
import { invalid } from '../errors.ts';

export interface EmailTemplate {
  readonly id: string;
  readonly subject: string;
  /** HTML. */
  readonly body: string;
  /** Display name of the sender. */
  readonly name: string | null;
  /** Sender address; null: the server's. */
  readonly email: string | null;
}

export const templateRecord = 'email-template';

export function templateOf(records: ReadonlyMap<string, unknown>): EmailTemplate | undefined {
  const found = records.get(templateRecord);
  return isObject(found) ? (found as unknown as EmailTemplate) : undefined;
}

/** @throws InstantAPIError if the template lacks the code */
export function checkTemplate({ subject, body }: Pick<EmailTemplate, 'subject' | 'body'>): void {
  for (const [name, text] of Object.entries({ subject, body })) {
    if (!text.includes('{code}')) throw invalid(name, text, [{ message: `The ${name} must contain {code}` }]);
  }
}

export interface TemplateValues {
  readonly code: string;
  readonly app_title: string;
  readonly user_email: string;
  readonly expiration: string;
}

/** The subject is plain text, the body HTML: values are escaped in the body. */
export function filledTemplate(
  { subject, body }: EmailTemplate,
  values: TemplateValues,
): { readonly subject: string; readonly html: string } {
  const fill = (text: string, shown: (value: string) => string): string =>
    text.replace(/\{(code|app_title|user_email|expiration)\}/g, (_, name: keyof TemplateValues) => shown(values[name]));
  return { subject: fill(subject, (value) => value.replace(/[\r\n]+/g, ' ')), html: fill(body, escaped) };
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escaped = (text: string): string => text.replace(/[&<>"']/g, (sign) => entities[sign] ?? '');
