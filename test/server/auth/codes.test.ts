// Magic codes under attack: how often anybody may guess, for how long, and that guessing keeps nobody out.

import { afterEach, describe, expect, test } from 'vitest';
import { Accounts } from '../../../src/server/auth/accounts.ts';
import { codeRecords, spendCode } from '../../../src/server/auth/codes.ts';
import { hashText } from '../../../src/server/auth/secrets.ts';
import { createServer, memory, type ServerOptions, type TriplaneServer } from '../../../src/server/index.ts';
import { changeRecord } from '../../../src/server/session/app-record.ts';
import { appId, bench } from '../bench.ts';
import { onEachStorage } from '../../support/storages.ts';

const running: TriplaneServer[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close()));
});

const app = { appId: 'a9900000-0000-4000-8000-000000000001', adminToken: 'ad000000-0000-4000-8000-000000000001' };
const email = 'ann@example.com';

interface Mails {
  readonly server: TriplaneServer;
  readonly codes: Map<string, string>;
}

async function start(options: ServerOptions = {}): Promise<Mails> {
  const codes = new Map<string, string>();
  const server = await createServer({ ...app, trustProxy: 1, sendMagicCode: (mail) => codes.set(mail.email, mail.code), ...options });
  running.push(server);
  return { server, codes };
}

async function post(server: TriplaneServer, path: string, ip: string, body: object): Promise<{ status: number; type?: string }> {
  const headers = { 'content-type': 'application/json', 'x-forwarded-for': ip };
  const answer = await fetch(`${server.url}/runtime/auth/${path}`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ 'app-id': server.appId, ...body }),
  });
  return { status: answer.status, ...((await answer.json()) as object) };
}

const ask = (server: TriplaneServer, ip: string, to = email) => post(server, 'send_magic_code', ip, { email: to });
const enter = (server: TriplaneServer, ip: string, code: string, to = email) => post(server, 'verify_magic_code', ip, { email: to, code });
const wrongFor = (code: string | undefined): string => (code === '111111' ? '222222' : '111111');
const [home, phone, attacker] = ['1.1.1.1', '2.2.2.2', '6.6.6.6'];

test('a code is invalid after five wrong attempts', async () => {
  const { server, codes } = await start();
  await ask(server, home);
  for (let n = 0; n < 5; n++)
    expect(await enter(server, home, wrongFor(codes.get(email)))).toMatchObject({ status: 400, type: 'record-not-found' });
  expect(await enter(server, home, codes.get(email)!)).toMatchObject({ status: 400, type: 'record-not-found' });
  await ask(server, home);
  expect(await enter(server, home, codes.get(email)!)).toMatchObject({ status: 200 });
});

test('a code is still valid after four wrong attempts', async () => {
  const { server, codes } = await start();
  await ask(server, home);
  for (let n = 0; n < 4; n++) await enter(server, home, wrongFor(codes.get(email)));
  expect(await enter(server, home, codes.get(email)!)).toMatchObject({ status: 200 });
});

test('guesses from other networks do not lock out the owner of an address', async () => {
  const { server, codes } = await start();
  await ask(server, home);
  for (let n = 0; n < 25; n++) await enter(server, attacker, wrongFor(codes.get(email)));
  expect(await enter(server, attacker, codes.get(email)!)).toMatchObject({ status: 429, type: 'rate-limited' });
  expect(await enter(server, phone, codes.get(email)!)).toMatchObject({ status: 200 });
  await ask(server, home);
  for (const ip of ['7.0.0.1', '7.0.0.2', '7.0.0.3']) for (let n = 0; n < 5; n++) await enter(server, ip, wrongFor(codes.get(email)));
  // Many networks together have ten tries at a code, and then no other one but the owner's.
  expect(await enter(server, '7.0.0.4', codes.get(email)!)).toMatchObject({ status: 400 });
  expect(await enter(server, home, codes.get(email)!)).toMatchObject({ status: 200 });
});

test('the 21st attempt in an hour is rejected even with the right code; addresses of one IPv6 network count as one', async () => {
  const { server, codes } = await start();
  for (let n = 0; n < 20; n++) {
    if (n % 4 === 0) await ask(server, home);
    await enter(server, `2001:db8::${n + 1}`, wrongFor(codes.get(email)));
  }
  expect(await enter(server, '2001:db8::99', codes.get(email)!)).toMatchObject({ status: 429, type: 'rate-limited' });
  expect(await enter(server, '2001:db8:0:1::1', codes.get(email)!, email.toUpperCase())).toMatchObject({ status: 200 });
});

test('twenty codes an hour are sent to an e-mail address from one network, and thirty at once in total', async () => {
  let sent = 0;
  const { server } = await start({ sendMagicCode: () => void sent++ });
  for (let n = 0; n < 20; n++) expect(await ask(server, home)).toMatchObject({ status: 200 });
  expect(await ask(server, home)).toMatchObject({ status: 429, type: 'rate-limited' });
  for (let n = 0; n < 20; n++) expect(await ask(server, phone)).toMatchObject({ status: 200 });
  expect(sent).toBe(30);
  expect(await ask(server, phone)).toMatchObject({ status: 429 });
  expect(await ask(server, home, 'bob@example.com')).toMatchObject({ status: 200 });
});

test('a text that is longer than any code is wrong, whatever its hash', () => {
  const spend = (code: string): string => {
    const records = new Map(Object.entries(codeRecords(new Map(), email, { id: 'row', hash: hashText(code), at: 0 })));
    return spendCode(records, { email, code, network: home, isKnown: false, at: 0, now: 0, ttlMs: 1000 }).is;
  };
  expect(spend('9'.repeat(100))).toBe('good');
  expect(spend('9'.repeat(101))).toBe('wrong');
});

const guest = (server: TriplaneServer, ip: string) => post(server, 'sign_in_guest', ip, {});

test('a network may sign in so many guests an hour, and other networks as many', async () => {
  const { server } = await start({ limits: { guestSignIns: 3 } });
  for (let n = 0; n < 3; n++) expect(await guest(server, `2001:db8::${n + 1}`)).toMatchObject({ status: 200 });
  expect(await guest(server, '2001:db8::9')).toMatchObject({ status: 429, type: 'rate-limited' });
  expect(await guest(server, home)).toMatchObject({ status: 200 });
});

test('a server may sign in no guests', async () => {
  const { server } = await start({ limits: { guestSignIns: 0 } });
  expect(await guest(server, home)).toMatchObject({ status: 400, type: 'permission-denied' });
});

describe('without HTTP', () => {
  const sentTo = async (accounts: Accounts, from: string): Promise<string> => (await accounts.codeToSend(email, from)) ?? 'none';

  async function accountsOn(storage = memory()) {
    const { hub, clock, open } = bench({ storage });
    // An app without sessions is closed after a while.
    await open();
    const app = await hub.app(appId);
    return { app, clock, accounts: new Accounts(app, clock) };
  }

  test('a code is valid for ten minutes, or for the time set for the app', async () => {
    const { app, clock, accounts } = await accountsOn();
    const code = await accounts.makeCode(email);
    clock.jump(10 * 60_000 + 1);
    await expect(accounts.signInByCode(email, code, { from: home })).rejects.toMatchObject({ body: { type: 'record-expired' } });
    await expect(accounts.signInByCode(email, code, { from: home })).rejects.toMatchObject({ body: { type: 'record-not-found' } });
    await changeRecord(app, { codeMinutes: 60 });
    const longer = await accounts.makeCode(email);
    clock.jump(59 * 60_000);
    await expect(accounts.signInByCode(email, longer, { from: home })).resolves.toMatchObject({ user: { email } });
  });

  test('a code and an upload URL end in time after the clock was ahead for a year', async () => {
    const { app, clock, accounts } = await accountsOn();
    const year = 365 * 86_400_000;
    clock.jump(year);
    // The times of the log stay a year ahead from here on.
    await accounts.makeCode('bob@example.com');
    clock.jump(-year);
    const [first, second] = [await accounts.makeCode(email), await accounts.makeCode(email)];
    const ticket = await app.files.ticket('a.txt');
    clock.jump(9 * 60_000);
    await expect(accounts.signInByCode(email, first, { from: home })).resolves.toMatchObject({ user: { email } });
    clock.jump(2 * 60_000);
    await expect(accounts.signInByCode(email, second, { from: home })).rejects.toMatchObject({ body: { type: 'record-expired' } });
    expect(await app.files.pathOf(ticket)).toBe('a.txt');
    clock.jump(60 * 60_000);
    await expect(app.files.pathOf(ticket)).rejects.toMatchObject({ body: { type: 'validation-failed' } });
  });

  test('a code is valid at a server whose clock is an hour ahead', async () => {
    const storage = memory();
    const shared = { ...storage, close: async () => {} };
    const [here, ahead] = [await accountsOn(shared), await accountsOn(shared)];
    ahead.clock.jump(60 * 60_000);
    await ahead.accounts.makeCode('bob@example.com');
    const code = await here.accounts.makeCode(email);
    await expect(ahead.accounts.signInByCode(email, code, { from: home })).resolves.toMatchObject({ user: { email } });
  });

  test('codes that strangers request for an address do not invalidate the one its owner requested', async () => {
    const { accounts } = await accountsOn();
    const own = await sentTo(accounts, home);
    for (let n = 0; n < 39; n++) await accounts.makeCode(email, n % 2 ? attacker : `6.6.7.${n}`);
    await expect(accounts.signInByCode(email, own, { from: home })).resolves.toMatchObject({ user: { email } });
  });

  /** Codes that are sent until there are no more. */
  async function askAll(accounts: Accounts, from: () => string, most = 300): Promise<number> {
    for (let sent = 0; sent < most; sent++) {
      const isSent = await accounts.codeToSend(email, from()).then(
        (code) => code !== undefined,
        () => false,
      );
      if (!isSent) return sent;
    }
    return most;
  }

  test('strangers in many networks cannot use up the codes of an owner who signed in before, and mails have an upper bound', async () => {
    const { accounts, clock } = await accountsOn();
    const signIn = async (from: string): Promise<unknown> => accounts.signInByCode(email, await sentTo(accounts, from), { from });
    for (const from of [home, phone]) await signIn(from);
    clock.elapse(3_600_000);
    let network = 0;
    const stranger = (): string => `7.0.${++network}.1`;
    expect(await askAll(accounts, stranger)).toBe(30);
    expect(await signIn(home)).toMatchObject({ user: { email } });
    expect(await askAll(accounts, () => home)).toBe(9);
    expect(await askAll(accounts, () => phone)).toBe(10);
    expect(await askAll(accounts, () => '')).toBe(20);
    expect(await askAll(accounts, stranger)).toBe(0);
    clock.elapse(3_600_000);
    expect(await askAll(accounts, () => home)).toBe(20);
  });

  test('strangers who use up the codes of an address do not keep out an owner who never signed in before', async () => {
    const { accounts, clock } = await accountsOn();
    let network = 0;
    const sent: string[] = [];
    const strangers = async (): Promise<void> => {
      for (let more = true; more;) {
        const code = await accounts.codeToSend(email, `7.0.${++network}.1`).catch(() => undefined);
        more = code !== undefined;
        if (code !== undefined) sent.push(code);
      }
    };
    await strangers();
    for (let minute = 0; minute < 120; minute++) {
      // Nothing is sent, as a code that is in the mailbox is still valid.
      if (minute % 30 === 0) expect(await accounts.codeToSend(email, `8.0.${minute}.1`)).toBeUndefined();
      clock.elapse(60_000);
      await strangers();
    }
    expect(sent.length).toBeLessThanOrEqual(30 + 20);
    await expect(accounts.signInByCode(email, sent.at(-1)!, { from: home })).resolves.toMatchObject({ user: { email } });
  });

  test('a code that may be tried no more, or that the app holds itself, is not taken for one that was sent', async () => {
    const { accounts } = await accountsOn();
    for (let network = 0; network < 30; network++) await accounts.codeToSend(email, `7.0.${network}.1`);
    for (const from of [attacker, '6.6.6.7'])
      for (let wrong = 0; wrong < 5; wrong++) await accounts.signInByCode(email, 'wrong', { from }).catch(() => {});
    await accounts.makeCode(email);
    await expect(accounts.codeToSend(email, home)).rejects.toMatchObject({ body: { type: 'rate-limited' } });
    await expect(accounts.codeToSend(email, '7.0.1.1')).resolves.toBeUndefined();
  });

  test('only the last five networks of an owner are known, and none of a deleted user', async () => {
    const { app, accounts } = await accountsOn();
    for (let n = 1; n <= 6; n++) {
      const from = `5.5.5.${n}`;
      await accounts.signInByCode(email, await sentTo(accounts, from), { from });
    }
    let network = 0;
    await askAll(accounts, () => `7.0.${++network}.1`);
    expect(await askAll(accounts, () => '5.5.5.1')).toBe(0);
    expect(await askAll(accounts, () => '5.5.5.2')).toBeGreaterThan(0);
    expect(JSON.stringify([...app.ledger.records])).not.toContain('5.5.5.');
    await accounts.delete([{ email }]);
    expect([...app.ledger.records.keys()].filter((name) => name.startsWith('networks '))).toEqual([]);
    expect(await askAll(accounts, () => '5.5.5.3')).toBe(0);
  });

  test('a network that the owner signed in from has tries of its own at a code requested elsewhere', async () => {
    const { accounts } = await accountsOn();
    await accounts.signInByCode(email, await sentTo(accounts, phone), { from: phone });
    const code = await sentTo(accounts, home);
    for (let n = 0; n < 10; n++) await accounts.signInByCode(email, wrongFor(code), { from: `7.0.${n}.1` }).catch(() => {});
    await expect(accounts.signInByCode(email, code, { from: '8.8.8.8' })).rejects.toMatchObject({ body: { type: 'record-not-found' } });
    await expect(accounts.signInByCode(email, code, { from: phone })).resolves.toMatchObject({ user: { email } });
  });

  test('guesses for ten thousand other e-mail addresses are soon rate-limited, and do not reset the limit of the first', async () => {
    const { accounts } = await accountsOn();
    const code = await sentTo(accounts, home);
    const guess = (to: string, from: string): Promise<string> =>
      accounts.signInByCode(to, wrongFor(code), { from }).then(
        () => 'in',
        (error: { body: { type: string } }) => error.body.type,
      );
    for (let n = 0; n < 20; n++) await guess(email, attacker);
    const told = new Map<string, number>();
    for (let n = 0; n < 10_000; n++) {
      const type = await guess(`u${n}@example.com`, attacker);
      told.set(type, (told.get(type) ?? 0) + 1);
    }
    expect(told.get('record-not-found')).toBeLessThanOrEqual(200);
    expect(told.get('rate-limited')).toBeGreaterThan(9000);
    expect(await guess(email, attacker)).toBe('rate-limited');
    await expect(accounts.signInByCode(email, code, { from: home })).resolves.toMatchObject({ user: { email } });
  });
});

onEachStorage((fresh, name) => {
  test('attempts are counted across a restart and across servers', async () => {
    const storage = await fresh();
    const { server, codes } = await start({ storage });
    await ask(server, home);
    for (let n = 0; n < 20; n++) await enter(server, attacker, wrongFor(codes.get(email)));
    if (name === 'memory') {
      const other = (await start({ storage })).server;
      await expect.poll(async () => (await enter(other, attacker, wrongFor(codes.get(email)))).status).toBe(429);
    }
    const state = storage.open(server.appId).then((log) => log.load());
    expect(JSON.stringify(await state)).not.toContain(attacker);
    const kept = { ...storage, close: async () => {} };
    await server.close();
    if (name !== 'memory') return;
    const next = (await start({ storage: kept })).server;
    expect(await enter(next, attacker, codes.get(email)!)).toMatchObject({ status: 429, type: 'rate-limited' });
    expect(await enter(next, home, codes.get(email)!)).toMatchObject({ status: 200 });
  });
});
