// Templates of magic-code mails, one per app, as tools edit them. Senders are not verified here: the mail server decides which addresses
// may be used.

import { Hono } from 'hono';
import { submit, whenDurable } from '../data/submit.ts';
import { adminActor } from '../data/system-rules.ts';
import { checkTemplate, type EmailTemplate, templateOf, templateRecord } from '../mail/email-template.ts';
import type { App } from '../session/app.ts';
import { titleOf } from './app-view.ts';
import { toolApp } from './caller.ts';
import type { HttpContext } from './context.ts';
import { malformed } from './errors.ts';
import { asEmail, asText, asUuid, bodyOf, optional, required } from './request.ts';

const magicCode = 'magic-code';

export function emailRoutes(http: HttpContext): Hono {
  const routes = new Hono();

  routes.get('/dash/default-email-template', (context) => {
    const body = '<p>Your code to sign in to {app_title} is <strong>{code}</strong>.</p><p>It can be used once, within {expiration}.</p>';
    return context.json({ subject: '{code} is your code for {app_title}', body, 'email-type': magicCode });
  });

  routes.get('/dash/apps/:app/email_status', async (context) => {
    const app = await toolApp(context, http);
    const template = await whenDurable(app.ledger, () => templateOf(app.ledger.records));
    return context.json({ info: template ? shownTemplate(template, app) : null });
  });

  routes.post('/dash/apps/:app/email_templates', async (context) => {
    const app = await toolApp(context, http);
    const body = await bodyOf(context);
    const emailType = required(body, 'email-type', asText);
    const template: EmailTemplate = {
      ...{ id: http.uuid(), subject: required(body, 'subject', asText), body: required(body, 'body', asText) },
      ...{ name: optional(body, 'sender-name', asText) ?? null, email: optional(body, 'sender-email', asEmail) ?? null },
    };
    checkTemplate(template);
    // There is only one kind of mail.
    if (emailType === magicCode) await setTemplate(app, template);
    return context.json({ id: template.id });
  });

  routes.delete('/dash/apps/:app/email_templates/:id', async (context) => {
    const app = await toolApp(context, http);
    const id = asUuid(context.req.param('id'));
    if (id === undefined) throw malformed(['params', 'id'], context.req.param('id'));
    if (templateOf(app.ledger.records)?.id === id) await setTemplate(app, null);
    return context.json({});
  });

  return routes;
}

async function setTemplate(app: App, template: EmailTemplate | null): Promise<void> {
  const steps = (): { steps: []; records: Record<string, unknown> } => ({ steps: [], records: { [templateRecord]: template } });
  await submit(app.ledger, { steps, event: undefined, actor: adminActor });
}

function shownTemplate({ id, subject, body, name, email }: EmailTemplate, app: App): object {
  const sender = { sender_id: null, postmark_id: null, verification_id: null, verification_verified: null };
  return { id, app_id: app.id, email_type: magicCode, subject, body, name: name ?? titleOf(app), email, ...sender };
}
