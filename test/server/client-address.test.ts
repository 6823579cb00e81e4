// Where a client is, behind any number of proxies, and what it writes itself.

import { expect, test } from 'vitest';
import { clientAddress, type TrustProxy } from '../../src/server/client-address.ts';

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
])('trusting %s, from %s with %s: %s', (trusted, remote, forwarded, address) => {
  expect(clientAddress(trusted)(remote, forwarded)).toBe(address);
});

test.each<[TrustProxy]>([[-1], [1.5], [Number.NaN], ['nginx'], [['10.0.0.0/40']], [['10.0.0.0/']], ['']])(
  'trustProxy %s is rejected',
  (trusted) => {
    expect(() => clientAddress(trusted)).toThrowError(expect.objectContaining({ code: 'config-invalid' }));
  },
);
