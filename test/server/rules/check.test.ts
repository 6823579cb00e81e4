import { describe, expect, test } from 'vitest';
import { loadCel } from '../../../src/server/rules/cel.ts';
import { MapLiteral } from '../../../src/server/rules/cel/values.ts';
import { checkRules } from '../../../src/server/rules/check-rules.ts';
import { fieldsOf, RequestValue } from '../../../src/server/rules/fields.ts';
import type { Action, Variables } from '../../../src/server/rules/rule.ts';

const cel = await loadCel();

const nothing = fieldsOf({});
function ask(code: string, given: Partial<Record<keyof Variables, object>> = {}, action: Action = 'update'): unknown {
  const { rules: set } = checkRules({ notes: { allow: { [action]: code } } }, cel);
  const fields = Object.fromEntries(Object.entries(given).map(([name, value]) => [name, fieldsOf(value as Record<string, unknown>)]));
  const variables: Variables = {
    ...{ data: nothing, newData: nothing, auth: nothing, ruleParams: nothing, request: new RequestValue({}), rateLimit: new MapLiteral() },
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
    ['has(data.anything)', {}, false],
  ])('%s', (code, given, value) => {
    expect(ask(code, given)).toEqual(value);
  });

  test.each(['2024-02-30', '2023-02-29', '2024-13-01', '2024-04-31 10:00', '02/30/2024', 'Feb 30, 2024', 'Fri Feb 30 2024', '2023-366'])(
    'a day that no calendar has is an error: %s',
    (day) => {
      expect(() => ask('timestamp(data.day) < timestamp(0)', { data: { day } })).toThrow('is no date');
    },
  );

  test.each([
    [1709208000000.5, "timestamp('2024-02-29T12:00:00.0005Z')"],
    [0.25, "timestamp('1970-01-01T00:00:00.00025Z')"],
    [-0.5, "timestamp('1969-12-31T23:59:59.9995Z')"],
    ['2024-060', "timestamp('2024-02-29')"],
    ['J2460370', "timestamp('2024-02-29')"],
    ['2024-02-29 12:00:00 America/New_York', "timestamp('2024-02-29T17:00:00Z')"],
    ['2024-02-29T12:00:00.25[Europe/Berlin]', "timestamp('2024-02-29T11:00:00.25Z')"],
    ['yesterday', "timestamp('today') - duration('24h')"],
    ['tomorrow', "timestamp('today') + duration('24h')"],
  ])('every date that can be stored is a timestamp: %s', (day, expected) => {
    expect(ask(`timestamp(data.day) == ${expected}`, { data: { day } })).toBe(true);
  });

  test.each(['infinity', '-infinity', 1e15, 253402300800000.5])('%s is outside the years of timestamps', (day) => {
    expect(() => ask('timestamp(data.day) < timestamp(0)', { data: { day } })).toThrow('out of the years 1 to 9999');
  });

  test('a day beyond the end of a month, with a time, is the last of the month, as InstantDB has it', () => {
    expect(ask("timestamp('2024-02-30T00:00:00Z') == timestamp('2024-02-29T00:00:00Z')", {})).toBe(true);
  });

  test('are rejected if they cost too much', () => {
    const list = Array.from({ length: 1000 }, (_, at) => at);
    const many = 'data.l.all(a, data.l.all(b, data.l.all(c, a + b + c >= 0)))';
    expect(() => ask(many, { data: { l: list } })).toThrow(/costs too much/);
    expect(() => ask(`data.l.exists(a, data.l.exists(b, a + b < 0)) || true`, { data: { l: list } })).toThrow(/costs too much/);
    const bomb = Array.from({ length: 40 }).reduce<string>(
      (inner, _, at) => `cel.bind(x${40 - at}, x${39 - at} + x${39 - at}, ${inner})`,
      'x40 == x0',
    );
    expect(() => ask(`cel.bind(x0, 'aaaaaaaaaa', ${bomb})`)).toThrow(/costs too much/);
    expect(ask('data.l.all(a, a >= 0)', { data: { l: list } })).toBe(true);
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
    expect(ask(code, { data: { mail: 'ann@example.com', pattern: 'ann@.*' } })).toBe(is);
  });

  test.each(['(a+)+$', '^(a|a)*$', '(a|aa)+$', '(.*a){20}b', '^(([a-z])+.)+[A-Z]([a-z])+$', '(a?){30}a{30}b'])(
    '%s takes time in proportion to the text, not exponential time',
    (pattern) => {
      expect(ask(`data.text.matches('${pattern}')`, { data: { text: `${'a'.repeat(2000)}!` } })).toBe(false);
    },
  );

  test('costs in proportion to the text and the pattern', () => {
    const text = 'a'.repeat(1_000_000);
    expect(() => ask("data.text.matches('(a+)+$')", { data: { text } })).toThrow(/costs too much/);
    expect(() => ask("data.text.matches('(a+)+$') || true", { data: { text } })).toThrow(/costs too much/);
    const patterns = Array.from({ length: 100 }, (_, at) => `a{1000}${at}`);
    expect(() => ask("data.patterns.exists(p, 'a'.matches(p))", { data: { patterns } })).toThrow(/costs too much/);
  });

  test('an invalid or too long pattern from the data is an error', () => {
    for (const pattern of ['(', '(?=a)', '(a)\\1', 'a{1000}b{1000}', '(a{30}b{30}c{30}){99}', 'x'.repeat(2001)]) {
      expect(() => ask('data.text.matches(data.pattern)', { data: { text: 'a', pattern } })).toThrow(/pattern/);
    }
  });
});

describe('rules that are rejected, with the path', () => {
  test.each([
    ['rules that are not an object', 'x', [], /object/],
    ['a syntax error', { notes: { allow: { view: 'auth.id ==' } } }, ['notes', 'allow', 'view'], /./],
    ['an unknown name', { notes: { allow: { view: 'authh.id == 1' } } }, ['notes', 'allow', 'view'], /authh/],
    ['newData in view', { notes: { allow: { view: 'newData.x == 1' } } }, ['notes', 'allow', 'view'], /newData/],
    ['an unknown field of the request', { notes: { allow: { view: "request.path == ''" } } }, ['notes', 'allow', 'view'], /request/],
    ['an unknown rate limit', { notes: { allow: { view: 'rateLimit.x.limit(1)' } } }, ['notes', 'allow', 'view'], /rate limit/],
    ['a number', { notes: { allow: { view: 1 } } }, ['notes', 'allow', 'view'], /expression/],
    ['a cycle of binds', { notes: { bind: { a: 'b', b: 'a' }, allow: { view: 'a' } } }, ['notes', 'allow', 'view'], /circle/],
    ['a name bound twice', { notes: { bind: ['a', 'true', 'a', 'false'], allow: {} } }, ['notes', 'bind', 'a'], /twice/],
    ['incompatible types', { notes: { allow: { view: "request.time > '2020'" } } }, ['notes', 'allow', 'view'], /timestamp, string/],
    [
      'a computed path of auth.ref',
      { notes: { allow: { view: 'auth.ref(data.title) == []' } } },
      ['notes', 'allow', 'view'],
      /written out/,
    ],
    [
      'an unknown rate limit by its key',
      { notes: { allow: { view: "rateLimit['b'].limit('x')" } } },
      ['notes', 'allow', 'view'],
      /rate limit/,
    ],
    ['deleting users, as a boolean', { $users: { allow: { delete: false } } }, ['$users', 'allow', 'delete'], /false/],
    ['a bind without its expression', { notes: { bind: ['a'], allow: {} } }, ['notes', 'bind'], /each name/],
    ['a field rule on id', { notes: { fields: { id: 'true' } } }, ['notes', 'fields'], /id/],
    ['deleting users', { $users: { allow: { delete: 'true' } } }, ['$users', 'allow', 'delete'], /false/],
    ['a namespace of the system', { $codes: { allow: { view: 'true' } } }, ['$codes', 'allow', 'view'], /no rules/],
    ['a rule of binds that cannot be read', { notes: { bind: 'a', allow: { view: 'a' } } }, ['notes', 'bind'], /list of names/],
    ['auth.ref', { notes: { allow: { view: "auth.ref('a.b') == []" } } }, ['notes', 'allow', 'view'], /\$user/],
    [
      'an invalid period',
      { $rateLimits: { a: { limits: [{ capacity: 1, refill: { period: '2 days' } }] } } },
      ['$rateLimits', 'a'],
      /^limits\.0\.refill\.period: .*24/,
    ],
  ])('%s', (_what, rules, path, message) => {
    let thrown: unknown;
    try {
      checkRules(rules, cel);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ status: 400, type: 'validation-failed', hint: { 'data-type': 'rule' } });
    const [first] = faultsIn(thrown);
    expect(first).toMatchObject({ in: path, message: expect.stringMatching(message) as string });
  });

  test('binds that cannot be read are told for each rule, and a closed namespace for each action, as tools show them', () => {
    const placesOf = (rules: object): unknown[] => {
      try {
        checkRules(rules, cel);
        return [];
      } catch (error) {
        return faultsIn(error).map((fault) => fault.in.join('.'));
      }
    };
    expect(placesOf({ notes: { allow: { view: 'a', update: 'true' }, bind: ['a'] } })).toEqual([
      'notes.bind',
      'notes.allow.view',
      'notes.allow.update',
    ]);
    expect(placesOf({ $codes: { bind: {} } })).toEqual(['view', 'create', 'update', 'delete'].map((action) => `$codes.allow.${action}`));
  });
});

describe('rules without effect, or that fail when used, are accepted with a warning', () => {
  test.each([
    ['an invalid pattern', { allow: { view: "auth.id.matches('(')" } }, ['allow', 'view'], /missing closing/],
    ['a pattern that RE2 does not support', { allow: { view: "auth.id.matches('(?=a)')" } }, ['allow', 'view'], /pattern/],
    ['an unknown action', { allow: { read: 'true' } }, ['allow', 'read'], /no effect/],
    ['an unknown part', { allowed: {} }, ['allowed'], /no effect/],
    ['a string for allow', { allow: 'true' }, ['allow'], /no effect/],
    ['a list for allow', { allow: ['true'] }, ['allow'], /no effect/],
    ['a string for a namespace', 'true', [], /no effect/],
    ['null for a namespace', null, [], /no effect/],
    ['a broken link rule', { allow: { link: { x: 'nope' } } }, ['allow', 'link', 'x'], /nope/],
    ['a string for link', { allow: { link: 'true' } }, ['allow', 'link'], /no effect/],
    ['a broken $default', { allow: { $default: '1 +' } }, ['allow', '$default'], /expecting/],
    ['a bind name that no expression can use', { bind: { 'a-b': 'true' }, allow: {} }, ['bind', 'a-b'], /name/],
  ])('%s', (_what, notes, path, message) => {
    const { warnings } = checkRules({ notes }, cel);
    expect(warnings).toEqual([{ in: ['notes', ...path], message: expect.stringMatching(message) }]);
  });
});

test('the dependencies of a rule are known', () => {
  const { names } = cel.compile(
    "auth.id in data.ref('a.b') && mine.size() > 0 && data[ruleParams.x] == 1 && [{'z': 1}].exists(data, data.z == 1)",
    ['auth', 'data', 'ruleParams'],
    { mine: "auth.ref('$user.c.d')", unused: 'auth.role' },
  );
  const [own, bound, ...more] = names;
  expect(more).toEqual([]);
  expect(own!.refs).toEqual([{ on: 'data', path: 'a.b' }]);
  expect(bound!.refs).toEqual([{ on: 'auth', path: '$user.c.d' }]);
  expect(own!.fields.get('auth')).toEqual(new Set(['id']));
  expect(bound!.fields.get('auth')).toEqual(new Set(['ref()']));
  expect(own!.fields.get('data')).toEqual(new Set(['ref()', '*']));
});

const faultsIn = (error: unknown): { in: string[]; message: string }[] =>
  (error as { hint: { errors: { in: string[]; message: string }[] } }).hint.errors;
