// Which addresses the server makes requests to: those of the internet, and no others.

import { expect, test } from 'vitest';
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

test('a public address may be a target, a private one may not, and no request goes there', async () => {
  expect(await targetFault('https://8.8.8.8/hook', false)).toBeUndefined();
  expect(await targetFault('https://127.0.0.1/hook', false)).toContain('private');
  const send = outbound({ allowPrivate: false, timeoutMs: 1000, maxBytes: 100 });
  await expect(send('https://127.0.0.1/hook')).rejects.toMatchObject({ fault: 'connect' });
  await expect(send('http://8.8.8.8/hook')).rejects.toMatchObject({ fault: 'protocol' });
});
