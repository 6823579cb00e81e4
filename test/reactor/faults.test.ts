// The faults measured on InstantDB's client, by number: here none of them shows. The scripts are those that the reference
// plays in test/interop/reference-weaknesses.

import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { scripts } from '../interop/reference-weaknesses/scripts.ts';
import { stage } from '../interop/reference-weaknesses/platform.ts';
import { triplane } from '../interop/reference-weaknesses/sides.ts';
import { init } from '../../src/index.ts';

describe('in plain Node', () => {
  test('F14: the client starts, reports that there is no server, and shuts down', async () => {
    expect(typeof window).toBe('undefined');
    const errors: Error[] = [];
    const uris = { apiURI: 'http://127.0.0.1:9', websocketURI: 'ws://127.0.0.1:9/runtime/session' };
    const db = init({ appId: 'a9900000-0000-4000-8000-000000000001', ...uris, onError: (error) => errors.push(error) });
    const stop = db.subscribeQuery({ goals: {} }, () => {});
    expect(await db.getAuth()).toBeNull();
    const write = db.transact(db.tx['goals']?.['90a10000-0000-4000-8000-000000000001']?.update({ title: 'a' }) as never);
    expect(await write).toMatchObject({ status: 'enqueued' });
    await expect.poll(() => errors.length).toBe(1);
    expect(errors).toMatchObject([{ code: 'unreachable' }]);
    stop();
    db.shutdown();
  });
});

const played = scripts.filter(({ id }) => id !== 'F14');
const named = (list: typeof scripts) => list.map((script) => [script.id, script.title, script] as const);

describe('the scripts', async () => {
  const side = await triplane();
  afterEach(() => stage.clear());
  afterAll(() => Reflect.deleteProperty(globalThis, 'window'));

  test.each(named(played))('%s: %s', async (_id, _title, { run }) => {
    stage.set(side.server);
    const { isShown, detail } = await run(side);
    expect(isShown, detail).toBe(false);
  });

  // Applied once nevertheless: each write leaves a receipt.
  test.each(named(played))('with a server that forgets event ids, %s: %s', async (_id, _title, { run }) => {
    stage.set({});
    const { isShown, detail } = await run(side);
    expect(isShown, detail).toBe(false);
  });
});
