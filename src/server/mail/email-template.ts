// What the mail with a magic code says, where an app has a text of its own.

import { isObject } from '../../lib/json.ts';
import { invalid } from '../errors.ts';

export interface EmailTemplate {
  readonly id: string;
  readonly subject: string;
  /** HTML. */
  readonly body: string;
  /** Who the mail is from, as readers see it. */
  readonly name: string | null;
  /** The address it is from; null: that of the server. */
  readonly email: string | null;
}

export const templateRecord = 'email-template';

export function templateOf(records: ReadonlyMap<string, unknown>): EmailTemplate | undefined {
  const found = records.get(templateRecord);
  return isObject(found) ? (found as unknown as EmailTemplate) : undefined;
}

/** @throws InstantAPIError: without a code, a mail is of no use */
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

/** The subject is text, the body HTML: values are escaped in it. */
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
