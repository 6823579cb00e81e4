// The text of the mails with codes, where an app has its own; and the data of an app that was deleted.

import { afterEach, beforeEach, expect, test } from 'vitest';
import { init as initAdmin } from '../../../src/admin/index.ts';
import { id } from '../../../src/lib/uuid.ts';
import { createServer, type MagicCodeMail, memory, type Storage, type TriplaneServer } from '../../../src/server/index.ts';

let mails: MagicCodeMail[];
let storage: Storage;
let server: TriplaneServer;
beforeEach(async () => {
  mails = [];
  storage = memory();
  server = await createServer({ storage, sendMagicCode: (mail) => void mails.push(mail) });
});
afterEach(() => server.close());

async function call(method: string, path: string, token: string, body?: object) {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const answer = await fetch(server.url + path, { method, headers, ...(body && { body: JSON.stringify(body) }) });
  return { status: answer.status, body: await answer.json() };
}

test('a template is set, used for a mail, and deleted', async () => {
  const path = `/dash/apps/${server.appId}`;
  const own = (method: string, end: string, body?: object) => call(method, path + end, server.adminToken, body);
  expect(await own('GET', '/email_status')).toEqual({ status: 200, body: { info: null } });
  const template = {
    'email-type': 'magic-code',
    subject: '{code} for {app_title}',
    body: '<b>{code}</b> {user_email} {expiration} {other}',
  };
  expect(await own('POST', '/email_templates', { ...template, subject: 'none' })).toMatchObject({ status: 400 });
  expect(await own('POST', '/email_templates', { ...template, body: 'none' })).toMatchObject({
    ...{ status: 400, body: { type: 'validation-failed', hint: { 'data-type': 'body' } } },
  });
  const made = await own('POST', '/email_templates', { ...template, 'sender-name': 'My <app>', 'sender-email': 'hello@example.com' });
  expect((await own('GET', '/email_status')).body.info).toMatchObject({
    ...{ id: made.body.id, subject: template.subject, name: 'My <app>', email: 'hello@example.com', verification_verified: null },
  });
  const db = initAdmin({ appId: server.appId, adminToken: server.adminToken, apiURI: server.url });
  const { code } = await db.auth.sendMagicCode("o'hara@example.com");
  expect(mails).toEqual([
    {
      ...{ appId: server.appId, email: "o'hara@example.com", code, senderName: 'My <app>', senderEmail: 'hello@example.com' },
      ...{ subject: `${code} for Triplane`, html: `<b>${code}</b> o&#39;hara@example.com 10 minutes {other}` },
    },
  ]);
  expect(await own('DELETE', `/email_templates/${made.body.id}`)).toEqual({ status: 200, body: {} });
  await db.auth.sendMagicCode('ann@example.com');
  expect(mails[1]).toEqual({ appId: server.appId, email: 'ann@example.com', code: expect.stringMatching(/^\d{6}$/) });
});

test('the data of a deleted app are erased', async () => {
  const { appId, adminToken } = await server.createApp({ title: 'Gone' });
  const db = initAdmin({ appId, adminToken, apiURI: server.url });
  for (let n = 0; n < 3; n++) await db.transact(db.tx['notes']![id()]!.update({ text: `a secret ${n}` }));
  await db.auth.createToken('secret-user@example.com');
  await call('POST', `/dash/apps/${appId}/rules`, adminToken, { code: { notes: { allow: { view: "data.text != 'a secret rule'" } } } });
  const stored = async (): Promise<string> => JSON.stringify(await (await storage.open(appId)).load());
  expect(await stored()).toContain('a secret 1');
  expect(await call('DELETE', `/dash/apps/${appId}`, server.operatorToken)).toMatchObject({ status: 200 });
  await expect.poll(stored).not.toContain('secret');
  await expect(db.query({ notes: {} })).rejects.toMatchObject({ body: { type: 'record-not-found' } });
});
