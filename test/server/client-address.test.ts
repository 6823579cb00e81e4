// Where a client is, behind any number of proxies, and what it writes itself.

import { expect, test } from 'vitest';
import { clientAddress, isLoopback, networkOf, type TrustProxy } from '../../src/server/client-address.ts';

test.each<[TrustProxy | undefined, string | undefined, string | undefined, string]>([
  // Nobody is believed.
  [undefined, '127.0.0.1', '1.2.3.4', '127.0.0.1'],
  [0, '10.0.0.1', '1.2.3.4', '10.0.0.1'],
  [undefined, undefined, '1.2.3.4', ''],
  [undefined, '::ffff:10.0.0.1', undefined, '10.0.0.1'],
  // Counted from the right.
  [1, '127.0.0.1', '6.6.6.6, 1.2.3.4', '1.2.3.4'],
  [2, '127.0.0.1', '6.6.6.6, 1.2.3.4, 9.9.9.9', '1.2.3.4'],
  [2, '127.0.0.1', '1.2.3.4', '1.2.3.4'],
  [1, '127.0.0.1', undefined, '127.0.0.1'],
  [1, '10.0.0.1', '', '10.0.0.1'],
  [1, '10.0.0.1', '1.2.3.4, unknown', '10.0.0.1'],
  [1, '10.0.0.1', '1.2.3.4:5678', '1.2.3.4'],
  [1, '10.0.0.1', '[2001:DB8::1]:80', '2001:db8::1'],
  [1, '10.0.0.1', '2001:db8::1', '2001:db8::1'],
  [1, undefined, '1.2.3.4', '1.2.3.4'],
  // By address.
  ['loopback', '127.0.0.1', '6.6.6.6, 1.2.3.4', '1.2.3.4'],
  ['loopback', '::1', '1.2.3.4', '1.2.3.4'],
  ['loopback', '::ffff:127.0.0.1', '1.2.3.4', '1.2.3.4'],
  ['loopback', '10.0.0.1', '1.2.3.4', '10.0.0.1'],
  [['loopback', '10.0.0.0/8'], '127.0.0.1', '6.6.6.6, 1.2.3.4, 10.1.2.3', '1.2.3.4'],
  ['loopback, 10.0.0.0/8', '10.1.2.3', '10.9.9.9, 1.2.3.4', '1.2.3.4'],
  [['10.0.0.0/8'], '10.1.2.3', '10.9.9.9', '10.9.9.9'],
  [['192.0.2.7', 'fd00::/8'], 'fd12::1', '1.2.3.4, 192.0.2.7', '1.2.3.4'],
  [['10.0.0.0/8'], '11.0.0.1', '1.2.3.4', '11.0.0.1'],
  // One address has many forms.
  [undefined, '::FFFF:7F00:1', undefined, '127.0.0.1'],
  [undefined, '0:0:0:0:0:ffff:10.0.0.1', undefined, '10.0.0.1'],
  [undefined, 'fe80::1%eth0', undefined, 'fe80::1'],
  [1, '10.0.0.1', '2001:0DB8:0:0::0001', '2001:db8::1'],
  [1, '10.0.0.1', '[::ffff:1.2.3.4]:80', '1.2.3.4'],
  [1, '10.0.0.1', '"[2001:db8::1]:80"', '2001:db8::1'],
  ['loopback', '::ffff:7f00:1', '1.2.3.4', '1.2.3.4'],
  [['::ffff:10.0.0.0/104'], '10.1.2.3', '1.2.3.4', '1.2.3.4'],
  [['::ffff:10.0.0.1'], '10.0.0.1', '1.2.3.4', '1.2.3.4'],
  [['::ffff:10.0.0.1'], '10.0.0.2', '1.2.3.4', '10.0.0.2'],
  // What is no address ends the list.
  [2, '10.0.0.1', '6.6.6.6, , 1.2.3.4', '1.2.3.4'],
  [2, '10.0.0.1', '6.6.6.6, 1.2.3.4 5.6.7.8', '10.0.0.1'],
  [1, '10.0.0.1', '010.0.0.1', '10.0.0.1'],
])('trusting %s, from %s with %s: %s', (trusted, remote, forwarded, address) => {
  expect(clientAddress(trusted)(remote, forwarded)).toBe(address);
});

test.each([
  ['1.2.3.4', '1.2.3.4'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['', ''],
])('the network of %s is %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});

test.each([['127.0.0.1'], ['127.9.9.9'], ['::1'], ['::ffff:127.0.0.1'], ['::ffff:7f00:1']])('%s is this machine', (address) => {
  expect(isLoopback(address)).toBe(true);
});

test.each<[TrustProxy]>([
  [-1],
  [1.5],
  [Number.NaN],
  ['nginx'],
  [['10.0.0.0/40']],
  [['10.0.0.0/']],
  [''],
  [['::ffff:10.0.0.0/64']],
  [['1.2.3.4/8/8']],
  [['fe80::1%eth0/64']],
  [['fe80::1%eth0']],
  [['::1%lo']],
  [['::ffff:10.0.0.1%eth0']],
])('trustProxy %s is rejected', (trusted) => {
  expect(() => clientAddress(trusted)).toThrowError(expect.objectContaining({ code: 'config-invalid' }));
});
