// Webhook signatures, metrics and tokens: pure pieces.

import { createHmac } from 'node:crypto';

import { describe, expect, test } from 'vitest';

import {
  decodeToken,
  getTokenExpiresIn,
  isTokenExpired,
  MetricsFormatError,
  parseMetrics,
  shouldRefreshToken,
  tokenExpiresInMs,
  verifyPlatformWebhook,
  WebhookReceiver,
} from '../../src/realtime-platform/index.ts';
import { platformToken } from './double.ts';

describe('webhooks', () => {
  const secret = 'whsec_1';
  const body = JSON.stringify({ topic: 'a.b', type: 'changed', payload: { n: 1 } });
  const sign = (timestamp: string, text = body): string => createHmac('sha256', secret).update(`${timestamp}.${text}`).digest('hex');
  const now = 1_790_000_000_000;
  const headers = (timestamp = String(now), signature = sign(timestamp)) => ({
    'X-Webhook-Signature': signature,
    'x-webhook-timestamp': timestamp,
  });

  test.each([
    ['milliseconds', headers()],
    ['seconds', headers('1790000000')],
    ['ISO text', headers(new Date(now).toISOString())],
    ['a prefix', headers(undefined, `sha256=${sign(String(now))}`)],
    ['headers of fetch', new Headers(headers())],
  ])('%s', (_name, given) => {
    expect(verifyPlatformWebhook(body, given, secret, { now })).toEqual(JSON.parse(body));
    expect(verifyPlatformWebhook(new TextEncoder().encode(body), given, secret, { now })).toEqual(JSON.parse(body));
  });

  test.each([
    ['another body', `${body} `, headers(), 'INVALID_SIGNATURE'],
    ['another timestamp', body, headers(String(now + 1), sign(String(now))), 'INVALID_SIGNATURE'],
    ['a longer signature', body, headers(undefined, `${sign(String(now))}zz`), 'INVALID_SIGNATURE'],
    ['no signature', body, { 'x-webhook-timestamp': String(now) }, 'MISSING_HEADER'],
    ['an old timestamp', body, headers(String(now - 300_001)), 'STALE_TIMESTAMP'],
    ['a future timestamp', body, headers(String(now + 300_001)), 'STALE_TIMESTAMP'],
    ['no time', body, headers('yesterday'), 'STALE_TIMESTAMP'],
    ['no JSON', 'text', headers(undefined, sign(String(now), 'text')), 'INVALID_BODY'],
  ])('%s is rejected', (_name, text, given, code) => {
    expect(() => verifyPlatformWebhook(text, given, secret, { now })).toThrow(
      expect.objectContaining({ name: 'WebhookVerificationError', code }),
    );
  });

  test("another signature scheme, and the vendor's receiver", () => {
    const signature = createHmac('sha256', secret).update(body).digest('base64');
    const scheme = {
      signatureHeader: 'X-Sig',
      timestampHeader: 'X-At',
      encoding: 'base64',
      signed: (_at: string, text: string) => text,
    } as const;
    expect(verifyPlatformWebhook(body, { 'x-sig': signature, 'x-at': String(now) }, secret, { now, scheme })).toEqual(JSON.parse(body));
    const { event } = new WebhookReceiver(secret, { now, toleranceMs: 1 }).verify(body, headers());
    expect(event).toMatchObject({ topic: 'a.b', type: 'changed', payload: { n: 1 } });
  });
});

describe('metrics', () => {
  test.each([
    ['{a="1"} 1', 1],
    ['ok 1\nname', 2],
    ['name one', 1],
    ['name{a=1} 1', 1],
    ['name{a="1" 1', 1],
    ['name 1 2 3', 1],
    ['# TYPE name nonsense', 1],
  ])('%j cannot be read', (text, line) => {
    const error = (() => {
      try {
        parseMetrics(text);
      } catch (thrown) {
        return thrown;
      }
      return undefined;
    })();
    expect(error).toBeInstanceOf(MetricsFormatError);
    expect(error).toMatchObject({ line });
  });

  test.each([
    ['a 1e3', 1000],
    ['a -Inf', -Infinity],
    ['a +Inf', Infinity],
    ['a NaN', NaN],
    ['a{x="}",y="\\"",} .5', 0.5],
  ])('%j', (text, value) => expect(parseMetrics(text)[0]?.samples[0]?.value).toBe(value));
});

test('tokens', () => {
  const token = platformToken('service', { expiresInMs: 90_000 });
  expect(decodeToken(token)).toMatchObject({ sub: 'svc', aud: 'app_demo', permissions: ['service'] });
  expect(tokenExpiresInMs(token)).toBeGreaterThan(80_000);
  expect([isTokenExpired(token), shouldRefreshToken(token), shouldRefreshToken(token, 120_000)]).toEqual([false, false, true]);
  const expired = platformToken('service', { expiresInMs: -1_000 });
  expect([isTokenExpired(expired), getTokenExpiresIn(expired)]).toEqual([true, 0]);
  for (const bad of ['', 'a.b', 'a.!.c', 'a.bm8.c']) expect(() => decodeToken(bad)).toThrow(TypeError);
});

test('labels can have any name, and in help only backslashes and line breaks are unescaped', () => {
  const [family] = parseMetrics('# HELP a A "quote", a \\\\ and a \\n and \\"\na{__proto__="x",constructor="y"} 1');
  expect(family?.help).toBe('A "quote", a \\ and a \n and \\"');
  expect(Object.entries(family?.samples[0]?.labels ?? {})).toEqual([
    ['__proto__', 'x'],
    ['constructor', 'y'],
  ]);
});
