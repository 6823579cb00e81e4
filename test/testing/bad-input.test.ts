// What a test gets wrong is reported where it is passed, and nothing waits for ever.

import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import { i } from '../../src/index.ts';
import { createTestApp, simulate, type SimulationOptions, type TestApp, type TestDevice } from '../../src/testing/index.ts';

const schema = i.schema({ entities: { items: i.entity({ count: i.number() }) } });
const valid: SimulationOptions<typeof schema> = { schema, actions: { nothing: () => {} }, seeds: 1, steps: 3, devices: 1 };
const refused = (message: string) => ({ code: 'config-invalid', message: expect.stringContaining(message) as unknown });
const item = '7d5a5f5e-2a3b-4c39-8b11-0e4b1e4f6a01';
const boom = (): never => {
  throw new Error('boom');
};

describe('createTestApp', () => {
  test.each([
    [{ rulez: {} }, "createTestApp: there is no option 'rulez': did you mean 'rules'?"],
    [{ seeds: 3 }, "createTestApp: there is no option 'seeds': did you mean 'seed'?"],
    [{ schema, rules: { items: { allow: { veiw: 'true' } } } }, "there is no action 'veiw': did you mean 'view'?"],
    [null, 'createTestApp: options must be an object, but is null'],
  ])('rejects %o', async (wrong, message) => {
    await expect(createTestApp(wrong as never)).rejects.toMatchObject(refused(message));
  });

  test('takes rules for all that the server has them for', async () => {
    const allow = { $default: 'true' };
    const rules = {
      $default: { allow },
      attrs: { allow },
      $users: { allow: { view: 'true' } },
      $files: { allow },
      items: { allow, bind: {} },
    };
    const limits = { $rateLimits: { few: { limits: [{ capacity: 3 }] } } };
    const app = await createTestApp({ schema, rules: { ...rules, ...limits } });
    await expect(app.createDevice({ usr: 1 } as never)).rejects.toMatchObject(
      refused("createDevice: there is no option 'usr': did you mean 'user'?"),
    );
    await app.close();
  });
});

describe('simulate', () => {
  test.each([
    [{ seeds: -1 }, 'seeds must be a whole number from 1'],
    [{ seeds: NaN }, 'but is NaN'],
    [{ seeds: Infinity }, 'but is Infinity'],
    [{ seeds: 1.5 }, 'but is 1.5'],
    [{ seeds: '3' }, 'but is "3"'],
    [{ seeds: null }, 'but is null'],
    [{ seeds: 3n }, 'but is 3'],
    [{ seeds: [1, NaN] }, 'seeds: each must be a whole number, 0 or more, but is NaN'],
    [{ seeds: [-1] }, 'but is -1'],
    [{ steps: Infinity }, 'steps must be a whole number from 1'],
    [{ steps: 2.5 }, 'but is 2.5'],
    [{ devices: Infinity }, 'devices must be a whole number from 1'],
    [{ actions: undefined }, 'actions must be an object of functions'],
    [{ actions: [boom] }, 'actions must be an object of functions'],
    [{ actions: { buy: undefined } }, 'actions.buy must be a function'],
    [{ invariants: { ok: 'yes' } }, 'invariants.ok must be a function'],
    [{ setup: {} }, 'setup must be a function'],
    [{ onProgress: 1 }, 'onProgress must be a function'],
    [{ users: 'ann@example.com' }, 'users must be a list'],
    [{ users: ['ann'] }, 'users: each must be an e-mail address, but is "ann"'],
    [{ users: ['ann@example.com', 'ann@example.com'] }, 'users must differ'],
    [{ rules: { items: { allow: { view: 'true &&' } } } }, 'items.allow.view'],
    [{ faults: 'none' }, 'faults must be true or false, but is "none"'],
    [{ seed: 3 }, "simulate: there is no option 'seed': did you mean 'seeds'?"],
    [{ invariant: {} }, "simulate: there is no option 'invariant': did you mean 'invariants'?"],
    [{ onprogress: boom }, "simulate: there is no option 'onprogress': did you mean 'onProgress'?"],
    [{ database: 1 }, "simulate: there is no option 'database': there are schema, rules, actions"],
    [{ rules: { itmes: { allow: {} } } }, "rules: there is no entity 'itmes': did you mean 'items'?"],
    [{ rules: { items: { alow: {} } } }, "rules.items: there is no part 'alow': did you mean 'allow'?"],
    [{ rules: { items: { allow: { veiw: 'true' } } } }, "rules.items.allow: there is no action 'veiw': did you mean 'view'?"],
    [{ rules: { $default: { allow: { edit: 'true' } } } }, "rules.$default.allow: there is no action 'edit'"],
    [{ rules: { attrs: { allow: { creat: 'true' } } } }, "rules.attrs.allow: there is no action 'creat': did you mean 'create'?"],
  ])('rejects %o', async (wrong, message) => {
    await expect(simulate({ ...valid, ...(wrong as object) })).rejects.toMatchObject(refused(message));
  });

  test('rejects options that are none', async () => {
    await expect(simulate(undefined as never)).rejects.toMatchObject(refused('options must be an object'));
  });

  test('passes on what setup throws, and reports one that no time passes for', async () => {
    await expect(simulate({ ...valid, setup: boom })).rejects.toThrow('boom');
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    try {
      let start = (): void => {};
      const started = new Promise<void>((resolve) => (start = resolve));
      const stuck = simulate({ ...valid, setup: (app) => (start(), app.admin.transact(app.admin.tx.items[item]!.create({ count: 1 }))) });
      const reported = expect(stuck).rejects.toMatchObject({ code: 'timeout', message: expect.stringContaining('app.run') as unknown });
      await started;
      await vi.advanceTimersByTimeAsync(10_000);
      await reported;
    } finally {
      vi.useRealTimers();
    }
  });

  test.each([
    ['throws nothing', () => Promise.reject(undefined as unknown as Error), "action 'act' failed: undefined"],
    ['throws', boom, "action 'act' failed: boom"],
  ])('reports an action that %s', async (_, act, violation) => {
    await expect(simulate({ ...valid, steps: 10, actions: { act } })).rejects.toMatchObject({ violations: [violation] });
  });

  test('does not wait for an action that never ends', async () => {
    await expect(simulate({ ...valid, actions: { never: () => new Promise(() => {}) } })).resolves.toMatchObject({ seeds: 1, writes: 0 });
  });

  test('reports an invariant that throws, and one that returns something to wait for', async () => {
    const invariants = { fails: boom, waits: () => ({ then: () => {} }) };
    await expect(simulate({ ...valid, invariants })).rejects.toMatchObject({
      violations: ["invariant 'fails' is violated: boom", expect.stringContaining("invariant 'waits' returned a promise")],
    });
  });
});

describe('a test app', () => {
  let app: TestApp<typeof schema>;
  let device: TestDevice<typeof schema>;
  beforeAll(async () => {
    app = await createTestApp({ schema });
    device = await app.createDevice();
  });
  afterAll(() => app.close());

  test.each([NaN, -1, Infinity, '5'])('rejects %j milliseconds, and its time goes on', async (ms) => {
    const before = app.elapsedMs;
    await expect(app.advance(ms as number)).rejects.toMatchObject(refused('advance: ms must be a number of milliseconds, 0 or more'));
    expect(() => device.setDelay(ms as number)).toThrow('setDelay: ms must be');
    await app.advance(1);
    expect(app.elapsedMs).toBe(before + 1);
  });

  test('rejects clocks that jump to nowhere', async () => {
    const tab = await device.openTab();
    for (const { jumpClock } of [app.server, { jumpClock: (ms: number) => tab.jumpClock(ms) }]) {
      for (const ms of [NaN, Infinity]) expect(() => jumpClock(ms)).toThrow('jumpClock: ms must be');
      jumpClock(-5);
    }
  });

  test('rejects seeds, disks, users and promises that are none', async () => {
    await expect(createTestApp({ seed: NaN })).rejects.toMatchObject(refused('createTestApp: seed'));
    expect(() => device.setDisk('ful' as never)).toThrow('must be one of well, full, broken, hangs, but is "ful"');
    await expect(app.createUser('ann')).rejects.toMatchObject(refused('createUser: email must be an e-mail address, but is "ann"'));
    for (const user of [undefined, 'ann@example.com', Promise.resolve()])
      await expect(device.signIn(user as never)).rejects.toMatchObject(refused('signIn: user must be what createUser resolves with'));
    await expect(app.run(undefined as never)).rejects.toMatchObject(refused('run: promise must be a promise'));
    expect(() => app.onCommit('x' as never)).toThrow('onCommit: callback must be a function');
  });

  test('rejects reading what the schema does not have', () => {
    expect(() => app.readNow({ itmes: {} } as never)).toThrow("The schema has no entity 'itmes'");
  });

  test('tells all that asked of each transaction, and passes on what they throw', async () => {
    const heard: string[] = [];
    const end = app.onCommit(() => heard.push('first'));
    const endThrowing = app.onCommit(boom);
    app.onCommit(() => heard.push('last'));
    const write = (): Promise<unknown> => app.run(app.admin.transact(app.admin.tx.items[app.random.uuid()]!.create({ count: 1 })));
    await expect(write()).rejects.toThrow('boom');
    end();
    endThrowing();
    await write();
    expect(heard).toEqual(['first', 'last', 'last']);
  });

  test('closes tabs that are frozen, and those that are closed already', async () => {
    const [frozen, killed] = [await device.openTab(), await device.openTab()];
    frozen.freeze();
    await frozen.close();
    killed.kill();
    await killed.close();
    expect([frozen.isClosed, killed.isClosed]).toEqual([true, true]);
  });

  test('sends what its tabs send over HTTP to its own server, if the device is online', async () => {
    const ann = await app.createUser('ann.http@example.com');
    const phone = await app.createDevice({ user: ann });
    const { db } = await phone.openTab();
    phone.goOffline();
    await expect(app.run(db.auth.sendMagicCode({ email: ann.email }))).rejects.toMatchObject({ code: 'unreachable' });
    phone.goOnline();
    await expect(app.run(db.auth.sendMagicCode({ email: ann.email }))).resolves.toEqual({ sent: true });
    await app.run(db.auth.signOut());
    await expect(app.run(app.admin.auth.verifyToken(ann.refreshToken))).rejects.toMatchObject({ code: 'refused' });
  });
});
