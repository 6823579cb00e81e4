// The app that programs test with: real clients and the real server, in virtual time.

import { afterEach, describe, expect, test } from 'vitest';

import { i, id } from '../../src/index.ts';
import { createTestApp, type TestApp } from '../../src/testing/index.ts';

const schema = i.schema({
  entities: {
    $users: i.entity({ email: i.string().unique().indexed() }),
    todos: i.entity({ text: i.string(), done: i.boolean().optional() }),
  },
  links: { owner: { forward: { on: 'todos', has: 'one', label: 'owner' }, reverse: { on: '$users', has: 'many', label: 'todos' } } },
});
const rules = { todos: { allow: { view: 'true', create: 'auth.id != null', update: 'auth.id in data.ref("owner.id")' } } };

type App = TestApp<typeof schema>;
const open: App[] = [];
afterEach(async () => {
  for (const app of open.splice(0)) await app.close();
});

async function testApp(seed?: number): Promise<App> {
  const app = await createTestApp({ schema, rules, ...(seed !== undefined && { seed }) });
  open.push(app);
  return app;
}

async function todosOf(app: App): Promise<string[]> {
  const { todos } = await app.run(app.admin.query({ todos: {} }));
  return todos.map(({ text }) => text).sort();
}

describe('a test app', () => {
  test('keeps a write made offline by a tab that was then killed', async () => {
    const app = await testApp();
    const phone = await app.createDevice({ user: await app.createUser('ann@example.com') });
    const tab = await phone.openTab();
    phone.goOffline();
    await app.run(tab.db.transact(tab.db.tx.todos[id()]!.create({ text: 'Buy goggles' })).queued);
    tab.kill();
    await app.advance(3_600_000);
    expect(await todosOf(app)).toEqual([]);
    phone.goOnline();
    await phone.openTab();
    await app.settle();
    expect(await todosOf(app)).toEqual(['Buy goggles']);
    expect(app.elapsedMs).toBeGreaterThan(3_600_000);
  });

  test('applies the rules to the signed-in user', async () => {
    const app = await testApp();
    const [ann, bob] = [await app.createUser('ann@example.com'), await app.createUser('bob@example.com')];
    const [annsTab, bobsTab] = [
      await (await app.createDevice({ user: ann })).openTab(),
      await (await app.createDevice({ user: bob })).openTab(),
    ];
    const todo = id();
    await app.run(annsTab.db.transact(annsTab.db.tx.todos[todo]!.create({ text: 'Hers' }).link({ owner: ann.id })).settled);
    const refused = app.run(bobsTab.db.transact(bobsTab.db.tx.todos[todo]!.update({ text: 'His' })).settled);
    await expect(refused).rejects.toMatchObject({ code: 'refused' });
    const guest = await (await app.createDevice()).openTab();
    await expect(app.run(guest.db.transact(guest.db.tx.todos[id()]!.create({ text: 'Nobody’s' })).settled)).rejects.toThrow(/create/);
    expect(await todosOf(app)).toEqual(['Hers']);
  });

  test('loses no acknowledged write when the server is killed, and applies none twice', async () => {
    const app = await testApp();
    const phone = await app.createDevice({ user: await app.createUser('ann@example.com') });
    const { db } = await phone.openTab();
    const texts = Array.from({ length: 20 }, (_, at) => `todo ${String(at).padStart(2, '0')}`);
    for (const [at, text] of texts.entries()) {
      void db.transact(db.tx.todos[id()]!.create({ text }));
      if (at % 5 === 2) phone.loseResponses();
      if (at % 7 === 3) app.server.kill();
      await app.advance(50);
      app.server.start();
    }
    await app.settle();
    expect(await todosOf(app)).toEqual(texts);
  });

  test('notifies all tabs of a device, and other devices, of a write in one tab', async () => {
    const app = await testApp();
    const user = await app.createUser('ann@example.com');
    const [phone, laptop] = [await app.createDevice({ user }), await app.createDevice({ user })];
    const tabs = [await phone.openTab(), await phone.openTab(), await laptop.openTab()];
    const seen = new Map<string, readonly string[]>();
    for (const { name, db } of tabs)
      db.subscribeQuery({ todos: {} }, ({ data }) => void seen.set(name, data?.todos.map(({ text }) => text) ?? []));
    await app.run(tabs[1]!.db.transact(tabs[1]!.db.tx.todos[id()]!.create({ text: 'Shared' })).settled);
    await app.settle();
    expect([...seen.values()]).toEqual([['Shared'], ['Shared'], ['Shared']]);
  });

  test('gives the same result for the same seed, and a different one for another seed', async () => {
    const history = async (seed: number): Promise<unknown> => {
      const app = await testApp(seed);
      const user = await app.createUser('ann@example.com');
      const { db } = await (await app.createDevice({ user })).openTab();
      const todo = app.random.uuid();
      await app.run(db.transact(db.tx.todos[todo]!.create({ text: 'One' })).settled);
      return [app.appId, user.id, todo, app.elapsedMs];
    };
    const [first, again, other] = [await history(3), await history(3), await history(4)];
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
  });

  test('reports a promise that never settles, invalid rules, and an unreachable server', async () => {
    const app = await testApp();
    await expect(app.run(new Promise(() => {}))).rejects.toMatchObject({ code: 'timeout' });
    const invalid = { todos: { allow: { view: 'data.' } } };
    await expect(createTestApp({ schema, rules: invalid })).rejects.toMatchObject({ code: 'config-invalid' });
    app.server.stop();
    await expect(app.run(app.admin.transact(app.admin.tx.todos[id()]!.create({ text: 'Late' })))).rejects.toMatchObject({
      code: 'unreachable',
    });
  });

  test('a full disk is reported, and the write is still sent to the server', async () => {
    const app = await testApp();
    const phone = await app.createDevice({ user: await app.createUser('ann@example.com') });
    const tab = await phone.openTab();
    phone.setDisk('full');
    await app.run(tab.db.transact(tab.db.tx.todos[id()]!.create({ text: 'No room' })).settled);
    expect(await todosOf(app)).toEqual(['No room']);
    expect(tab.errors.map((error) => (error as { code?: string }).code)).toContain('storage-failed');
  });
});
