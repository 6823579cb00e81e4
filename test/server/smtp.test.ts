// Codes by mail, taken by a real SMTP server.

import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createServer, smtpMail, type TriplaneServer } from '../../src/server/index.ts';

let mailServer: SMTPServer;
let mails: { readonly to: readonly string[]; readonly text: string }[];
let isRefusing: boolean;
let server: TriplaneServer;
let url: string;

beforeEach(async () => {
  [mails, isRefusing] = [[], false];
  mailServer = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, session, done) {
      let text = '';
      stream.on('data', (part: Buffer) => (text += part.toString()));
      stream.on('end', () => {
        if (isRefusing) return done(new Error('no room'));
        mails.push({ to: session.envelope.rcptTo.map(({ address }) => address), text });
        done();
      });
    },
  });
  await new Promise<void>((ready) => mailServer.listen(0, '127.0.0.1', ready));
  url = `smtp://127.0.0.1:${(mailServer.server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  await server.close();
  await new Promise<void>((closed) => mailServer.close(closed));
});

async function send(email: string) {
  const body = JSON.stringify({ 'app-id': server.appId, email });
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${server.url}/runtime/auth/send_magic_code`, { method: 'POST', headers, body });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

test('a code reaches its address and signs in', async () => {
  server = await createServer({ sendMagicCode: smtpMail({ url, from: '"My app" <login@example.com>' }) });
  expect(await send('ann@example.com')).toEqual({ status: 200, body: { sent: true } });
  const [mail] = mails;
  expect(mail?.to).toEqual(['ann@example.com']);
  expect(mail?.text).toContain('From: My app <login@example.com>');
  const code = /Subject: (\d{6}) /.exec(mail?.text ?? '')?.[1];
  const body = JSON.stringify({ 'app-id': server.appId, email: 'ann@example.com', code });
  const verified = await fetch(`${server.url}/runtime/auth/verify_magic_code`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  expect(verified.status).toBe(200);
});

test('smtpMail uses the template it is given', async () => {
  const template = { subject: 'Welcome', text: 'Take {code}', html: '<b>{code}</b>' };
  server = await createServer({ sendMagicCode: smtpMail({ url, from: 'login@example.com', template }) });
  await send('ann@example.com');
  expect(mails[0]?.text).toMatch(/Subject: Welcome[^]*Take \d{6}[^]*<b>\d{6}<\/b>/);
  expect(() => smtpMail({ url, from: 'x', template: { text: 'no code' } })).toThrow('{code}');
});

test('a mail server that rejects or cannot be reached gives email-send-failed', async () => {
  isRefusing = true;
  server = await createServer({ sendMagicCode: smtpMail({ url, from: 'login@example.com' }) });
  expect(await send('ann@example.com')).toMatchObject({ status: 500, body: { type: 'email-send-failed' } });
  await server.close();
  server = await createServer({ sendMagicCode: smtpMail({ url: 'smtp://127.0.0.1:1', from: 'login@example.com' }) });
  expect(await send('ann@example.com')).toMatchObject({ status: 500, body: { type: 'email-send-failed' } });
});
