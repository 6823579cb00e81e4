import { describe, expect, test } from 'vitest';
import { loadCel } from '../../../src/server/rules/cel.ts';
import { checkRules } from '../../../src/server/rules/check-rules.ts';
import { fieldsOf } from '../../../src/server/rules/fields.ts';
import { namesIn } from '../../../src/server/rules/names.ts';
import type { Action, Variables } from '../../../src/server/rules/rule.ts';

const cel = await loadCel();

const empty = fieldsOf({});
function subscribe(code: string, given: Partial<Record<keyof Variables, object>> = {}, action: Action = 'update'): unknown {
  const set = checkRules({ notes: { allow: { [action]: code } } }, cel);
  const fields = Object.fromEntries(Object.entries(given).map(([name, value]) => [name, fieldsOf(value as Record<string, unknown>)]));
  const variables: Variables = {
    ...{ data: empty, newData: empty, auth: empty, ruleParams: empty, request: empty, rateLimit: empty },
    ...fields,
  };
  return set.explicit('notes', action)!.value(variables);
}

describe('expressions', () => {
  test.each([
    ['auth.id != null && auth.id == data.owner', { auth: { id: 'a' }, data: { owner: 'a' } }, true],
    ['data.missing == null', {}, true],
    ['data.n + 1 == 4', { data: { n: 3 } }, true],
    ['data.n + 1.5 > 4.0', { data: { n: 3 } }, true],
    ['data.n * 2 < 4', { data: { n: 1.5 } }, true],
    ["data.tags.exists(t, t == 'x') && size(data.tags) == 2", { data: { tags: ['x', 'y'] } }, true],
    ["'z' in data.map && !('y' in data.map)", { data: { map: { z: 1 } } }, true],
    ['data.map.y == null', { data: { map: { z: 1 } } }, true],
    ["timestamp('2024-01-15T14:30:45Z').getTime() == 1705329045000", {}, true],
    ["data.text.replace('a', 'b') == 'bb' && data.text.charAt(0) == 'a'", { data: { text: 'aa' } }, true],
    ['data.nothing', {}, null],
    ['cel.bind(x, data.n, x == 3)', { data: { n: 3 } }, true],
    ['has(data.anything)', {}, true],
  ])('%s', (code, given, value) => {
    expect(subscribe(code, given)).toEqual(value);
  });

  test('cost too much', () => {
    const list = Array.from({ length: 1000 }, (_, at) => at);
    const many = 'data.l.all(a, data.l.all(b, data.l.all(c, a + b + c >= 0)))';
    expect(() => subscribe(many, { data: { l: list } })).toThrow(/costs too much/);
    expect(() => subscribe(`data.l.exists(a, data.l.exists(b, a + b < 0)) || true`, { data: { l: list } })).toThrow(/costs too much/);
    const bomb = Array.from({ length: 40 }).reduce<string>(
      (inner, _, at) => `cel.bind(x${40 - at}, x${39 - at} + x${39 - at}, ${inner})`,
      'x40 == x0',
    );
    expect(() => subscribe(`cel.bind(x0, 'aaaaaaaaaa', ${bomb})`)).toThrow(/costs too much/);
    expect(subscribe('data.l.all(a, a >= 0)', { data: { l: list } })).toBe(true);
  });
});

describe('matches', () => {
  test.each([
    ["'abc'.matches('b')", true],
    ["'abc'.matches('^b')", false],
    ["data.mail.matches('^[^@ ]{1,64}@[a-z0-9.-]+\\\\.[a-z]{2,}$')", true],
    ["['x', 'y'].exists(t, t.matches('^[xyz]$'))", true],
    ["cel.bind(text, data.mail, text.matches('(?i)ANN'))", true],
    ['data.mail.matches(data.pattern)', true],
  ])('%s', (code, is) => {
    expect(subscribe(code, { data: { mail: 'ann@example.com', pattern: 'ann@.*' } })).toBe(is);
  });

  test.each(['(a+)+$', '^(a|a)*$', '(a|aa)+$', '(.*a){20}b', '^(([a-z])+.)+[A-Z]([a-z])+$', '(a?){30}a{30}b'])(
    '%s takes time in proportion to the text, where it took for ever',
    (pattern) => {
      expect(subscribe(`data.text.matches('${pattern}')`, { data: { text: `${'a'.repeat(2000)}!` } })).toBe(false);
    },
  );

  test('costs what the text and the pattern come to', () => {
    const text = 'a'.repeat(1_000_000);
    expect(() => subscribe("data.text.matches('(a+)+$')", { data: { text } })).toThrow(/costs too much/);
    expect(() => subscribe("data.text.matches('(a+)+$') || true", { data: { text } })).toThrow(/costs too much/);
    const patterns = Array.from({ length: 100 }, (_, at) => `a{1000}${at}`);
    expect(() => subscribe("data.patterns.exists(p, 'a'.matches(p))", { data: { patterns } })).toThrow(/costs too much/);
  });

  test('a pattern from the data that is none, or too long, is an error', () => {
    for (const pattern of ['(', '(?=a)', '(a)\\1', 'a{1000}b{1000}', '(a{30}b{30}c{30}){99}', 'x'.repeat(2001)]) {
      expect(() => subscribe('data.text.matches(data.pattern)', { data: { text: 'a', pattern } })).toThrow(/pattern/);
    }
  });
});

describe('rules that are refused, with the place', () => {
  test.each([
    ['no object', 'x', [], /object/],
    ['syntax', { notes: { allow: { view: 'auth.id ==' } } }, ['notes', 'allow', 'view'], /./],
    ['a pattern that is none', { notes: { allow: { view: "auth.id.matches('(')" } } }, ['notes', 'allow', 'view'], /missing closing/],
    ['a pattern RE2 has not', { notes: { allow: { view: "auth.id.matches('(?=a)')" } } }, ['notes', 'allow', 'view'], /pattern/],
    ['an unknown name', { notes: { allow: { view: 'authh.id == 1' } } }, ['notes', 'allow', 'view'], /authh/],
    ['newData in view', { notes: { allow: { view: 'newData.x == 1' } } }, ['notes', 'allow', 'view'], /newData/],
    ['an unknown field of the request', { notes: { allow: { view: "request.path == ''" } } }, ['notes', 'allow', 'view'], /request/],
    ['an unknown limit', { notes: { allow: { view: 'rateLimit.x.limit(1)' } } }, ['notes', 'allow', 'view'], /rate limit/],
    ['an unknown action', { notes: { allow: { read: 'true' } } }, ['notes', 'allow', 'read'], /view/],
    ['a number', { notes: { allow: { view: 1 } } }, ['notes', 'allow', 'view'], /expression/],
    ['a circle', { notes: { bind: { a: 'b', b: 'a' }, allow: { view: 'a' } } }, ['notes', 'allow', 'view'], /circle/],
    ['a bind without its expression', { notes: { bind: ['a'], allow: {} } }, ['notes', 'bind'], /each name/],
    ['a field rule on id', { notes: { fields: { id: 'true' } } }, ['notes', 'fields', 'id'], /id/],
    ['a link rule', { notes: { allow: { link: { x: 'nope' } } } }, ['notes', 'allow', 'link', 'x'], /nope/],
    ['deleting users', { $users: { allow: { delete: 'true' } } }, ['$users', 'allow', 'delete'], /false/],
    ['a namespace of the system', { $codes: { allow: { view: 'true' } } }, ['$codes'], /no rules/],
    ['auth.ref', { notes: { allow: { view: "auth.ref('a.b') == []" } } }, ['notes', 'allow', 'view'], /\$user/],
    [
      'a period',
      { $rateLimits: { a: { limits: [{ capacity: 1, refill: { period: '2 days' } }] } } },
      ['$rateLimits', 'a', 'limits', 0, 'refill', 'period'],
      /24/,
    ],
  ])('%s', (_what, rules, path, message) => {
    let thrown: unknown;
    try {
      checkRules(rules, cel);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ status: 400, type: 'validation-failed', hint: { 'data-type': 'rule', errors: [{ in: path }] } });
    expect((thrown as { hint: { errors: { message: string }[] } }).hint.errors[0]!.message).toMatch(message);
  });
});

test('what a rule depends on is known', () => {
  const { names } = cel.compile(
    "auth.id in data.ref('a.b') && auth.ref('$user.c.d').size() > 0 && data[ruleParams.x] == 1",
    ['auth', 'data', 'ruleParams'],
    [],
  );
  expect(names.refs).toEqual([
    { on: 'data', path: 'a.b' },
    { on: 'auth', path: '$user.c.d' },
  ]);
  expect(names.fields.get('auth')).toEqual(new Set(['id', 'ref()']));
  expect(names.fields.get('data')).toEqual(new Set(['ref()', '*']));
  expect(namesIn({}).variables.size).toBe(0);
});
