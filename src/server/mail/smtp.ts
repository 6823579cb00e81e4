// Magic codes by SMTP, using `nodemailer`, which is loaded when the first code is sent.

import { TriplaneError } from '../../errors.ts';
import type { MagicCodeMail } from '../http/context.ts';

export interface SmtpOptions {
  /** `smtps://user:password@mail.example.com`, or any other URL that `nodemailer` accepts. */
  readonly url: string;
  /** Sender of the mails: `"My app" <login@example.com>`. */
  readonly from: string;
  /** Text of the mail. `{code}` is replaced by the code. */
  readonly template?: Partial<MailTemplate>;
}

export interface MailTemplate {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

const defaultTemplate: MailTemplate = {
  subject: '{code} is your code to sign in',
  text: 'Your code to sign in is {code}. It can be used once.\n\nIf you did not ask for it, ignore this mail.\n',
  html: '<p>Your code to sign in is <strong style="font-size:1.5em">{code}</strong>. It can be used once.</p><p>If you did not ask for it, ignore this mail.</p>',
};

/**
 * Sends magic codes by mail: for the `sendMagicCode` option of `createServer`. Needs the package `nodemailer`.
 *
 * @returns a function that rejects if the mail server rejects the mail; the caller of the route gets `email-send-failed`
 * @example
 * const sendMagicCode = smtpMail({ url: 'smtps://user:pass@mail.example.com', from: 'login@example.com' });
 * const server = await createServer({ sendMagicCode });
 */
export function smtpMail({ url, from, template = {} }: SmtpOptions): (mail: MagicCodeMail) => Promise<void> {
  const { subject, text, html } = { ...defaultTemplate, ...template };
  if (![text, html].every((each) => each.includes('{code}'))) {
    throw new TriplaneError('config-invalid', 'smtpMail: text and html must both contain {code}');
  }
  let loading: ReturnType<typeof transportTo> | undefined;
  return async ({ email, code, senderName, senderEmail, ...own }) => {
    const transport = await (loading ??= transportTo(url));
    const filled = (part: string): string => part.replaceAll('{code}', code);
    const texts = { subject: own.subject ?? filled(subject), text: filled(text), html: own.html ?? filled(html) };
    // The mail server may refuse other senders: the mail uses the server's address, with the app's address as reply-to.
    const sender = senderName === undefined ? from : { name: senderName, address: addressIn(from) };
    await transport.sendMail({ from: sender, to: email, ...(senderEmail !== undefined && { replyTo: senderEmail }), ...texts });
  };
}

const addressIn = (from: string): string => /<([^>]+)>/.exec(from)?.[1] ?? from.trim();

async function transportTo(url: string) {
  const { createTransport } = await import('nodemailer').catch((cause: unknown) => {
    throw new TriplaneError('dependency-missing', 'smtpMail needs the package nodemailer: npm install nodemailer', { cause });
  });
  return createTransport(url);
}
