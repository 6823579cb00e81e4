// Which addresses the server makes requests to: those of the internet, and no others.

import { execFile } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcp, type Socket } from 'node:net';
import { lookup } from 'node:dns/promises';
import { promisify } from 'node:util';
import { afterEach, expect, test, vi } from 'vitest';
import { isPrivateAddress, outbound, targetFault } from '../../src/server/outbound.ts';

test.each(['8.8.8.8', '140.82.121.3', '1.1.1.1', '172.15.0.1', '172.32.0.1', '2606:4700:4700::1111', '2a00:1450:4001:81b::200e'])(
  '%s is public',
  (address) => {
    expect(isPrivateAddress(address)).toBe(false);
  },
);

test.each([
  ...['0.0.0.0', '10.0.0.1', '100.64.0.1', '127.0.0.1', '169.254.169.254', '172.16.0.1', '172.31.255.255', '192.168.1.1', '224.0.0.1'],
  ...['::', '::1', '::ffff:8.8.8.8', '::ffff:127.0.0.1', '64:ff9b::a00:1', '2002:7f00:1::', 'fc00::1', 'fe80::1', 'ff02::1', 'no address'],
])('%s is private', (address) => {
  expect(isPrivateAddress(address)).toBe(true);
});

vi.mock('node:dns/promises', async (original) => {
  const real = await original<typeof import('node:dns/promises')>();
  return { ...real, lookup: vi.fn(real.lookup) };
});
const answer = (...addresses: readonly string[]): void => {
  vi.mocked(lookup).mockResolvedValueOnce(addresses.map((address) => ({ address, family: 4 })) as never);
};
afterEach(() => {
  vi.mocked(lookup).mockClear();
});

test.each([
  ...[
    'https://localhost/',
    'https://2130706433/',
    'https://0x7f.1/',
    'https://017700000001/',
    'https://127.1/',
    'https://0/',
    'https://[::]/',
  ],
  ...['https://[::ffff:7f00:1]/', 'https://[0:0:0:0:0:0:0:1]/', 'https://[64:ff9b::7f00:1]/', 'https://[fd00::1]/', 'https://①②⑦.⓪.⓪.①/'],
])('%s, in any notation, is rejected as a target', async (url) => {
  expect(await targetFault(url, false)).toMatch(/private|resolved/);
  await expect(outbound({ allowPrivate: false, timeoutMs: 1000, maxBytes: 100 })(url)).rejects.toMatchObject({ name: 'OutboundError' });
});

test('a name with a private address among its addresses is rejected as a target', async () => {
  answer('8.8.8.8', '10.0.0.1');
  expect(await targetFault('https://hooks.example.com/', false)).toContain('private');
  answer('8.8.8.8', '10.0.0.1');
  await expect(outbound({ allowPrivate: false, timeoutMs: 1000, maxBytes: 100 })('https://hooks.example.com/')).rejects.toMatchObject({
    fault: 'connect',
  });
});

test('a name is resolved once, and later changes of its address are ignored', async () => {
  answer('8.8.8.8');
  const send = outbound({ allowPrivate: false, timeoutMs: 200, maxBytes: 100 });
  // Nobody listens there as hooks.example.com.
  await expect(send('https://hooks.example.com/')).rejects.toMatchObject({
    name: 'OutboundError',
    fault: expect.not.stringMatching('dns') as string,
  });
  expect(lookup).toHaveBeenCalledTimes(1);
});

test('a redirect is returned as a response and is not followed', async () => {
  let asked = 0;
  const server: Server = createServer((_request, response) => {
    asked += 1;
    response.writeHead(302, { location: '/inside' }).end('elsewhere');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const send = outbound({ allowPrivate: true, timeoutMs: 1000, maxBytes: 100 });
  const received = await send(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  expect([received.status, await received.text(), asked]).toEqual([302, 'elsewhere', 1]);
  await new Promise((closed) => server.close(closed));
});

test('a public address is accepted as a target; a private one is rejected and receives no request', async () => {
  expect(await targetFault('https://8.8.8.8/hook', false)).toBeUndefined();
  expect(await targetFault('https://127.0.0.1/hook', false)).toContain('private');
  const send = outbound({ allowPrivate: false, timeoutMs: 1000, maxBytes: 100 });
  await expect(send('https://127.0.0.1/hook')).rejects.toMatchObject({ fault: 'connect' });
  await expect(send('http://8.8.8.8/hook')).rejects.toMatchObject({ fault: 'protocol' });
});

test.each<[string, (socket: Socket) => unknown, string]>([
  ['a status of 999', (socket) => socket.end('HTTP/1.1 999 X\r\ncontent-length: 0\r\n\r\n'), 'protocol'],
  ['a status of 600', (socket) => socket.end('HTTP/1.1 600 X\r\ncontent-length: 0\r\n\r\n'), 'protocol'],
  ['a status of 000', (socket) => socket.end('HTTP/1.1 000 X\r\ncontent-length: 0\r\n\r\n'), 'protocol'],
  ['a switch of protocols', (socket) => socket.write('HTTP/1.1 101 X\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n'), 'protocol'],
  ['a switch to none', (socket) => socket.end('HTTP/1.1 101 X\r\n\r\n'), 'protocol'],
  ['headers without end', (socket) => socket.write(`HTTP/1.1 200 X\r\na: ${'x'.repeat(100_000)}`), 'protocol'],
  ['no HTTP', (socket) => socket.end('\0\0\0'), 'protocol'],
  ['a reset', (socket) => socket.resetAndDestroy(), 'network'],
  ['half a body', (socket) => socket.end('HTTP/1.1 200 X\r\ncontent-length: 9\r\n\r\nhalf'), 'network'],
  ['nothing', () => undefined, 'timeout'],
  ['a body that stalls', (socket) => socket.write('HTTP/1.1 200 X\r\ncontent-length: 9\r\n\r\nhalf'), 'timeout'],
])('an answer with %s is a fault of the request, and ends its connection', async (_name, say, fault) => {
  const server = createTcp((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => say(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const send = outbound({ allowPrivate: true, timeoutMs: 500, maxBytes: 100 });
  const sent = send(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, { method: 'POST', body: 'x' });
  await expect(sent).rejects.toMatchObject({ name: 'OutboundError', fault });
  await new Promise((closed) => server.close(closed));
});

test('a request that is not answered keeps no process from ending', async () => {
  const sockets: Socket[] = [];
  const silent = createTcp((socket) => void sockets.push(socket));
  await new Promise<void>((done) => silent.listen(0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/`;
  const program = `
    import { outbound } from ${JSON.stringify(new URL('../../src/server/outbound.ts', import.meta.url).href)};
    void outbound({ allowPrivate: true, timeoutMs: 300_000, maxBytes: 1024 })(${JSON.stringify(url)});
    await new Promise((resolve) => setTimeout(resolve, 200));
    console.log('closed');
  `;
  const args = ['--import', import.meta.resolve('tsx'), '--input-type=module', '-e', program];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 50_000 });
  expect(stdout).toBe('closed\n');
  expect(sockets).toHaveLength(1);
  silent.close();
});
