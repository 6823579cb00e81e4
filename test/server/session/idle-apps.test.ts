// What stays in memory of an app that has been unloaded: nothing that names it.

import { getHeapSnapshot } from 'node:v8';
import { expect, test } from 'vitest';
import { bench, blob, newId } from '../bench.ts';
import { onEachStorage } from '../../support/storages.ts';

const apps = 80;
const start = newId().slice(0, 24);
const idOf = (n: number): string => start + n.toString(16).padStart(12, '0');

/** How many of the apps the memory names, in any string that cannot be collected. */
async function namedApps(): Promise<number> {
  const found = new Set<string>();
  let rest = '';
  for await (const part of getHeapSnapshot().setEncoding('latin1')) {
    const text = rest + String(part);
    for (let at = text.indexOf(start); at >= 0; at = text.indexOf(start, at + 1)) {
      const id = text.slice(at, at + 36);
      if (/[0-9a-f]{12}$/.test(id)) found.add(id);
    }
    rest = text.slice(-35);
  }
  return found.size;
}

onEachStorage((fresh, name) => {
  test('an app that was unloaded is named nowhere in memory, but where its data is kept there', { timeout: 240_000 }, async () => {
    const world = bench({ storage: await fresh() });
    const goalsId = blob('goals', 'id');
    for (let n = 0; n < apps; n++) {
      await world.hub.createApp({ id: idOf(n) });
      const peer = await world.open({ 'app-id': idOf(n) });
      await peer.request({ op: 'transact', 'tx-steps': [['add-attr', goalsId]] });
      await peer.request({ op: 'add-query', q: { goals: {} } });
      await peer.request({ op: 'join-room', 'room-id': 'r' });
      peer.session.end();
    }
    expect(await namedApps()).toBe(apps);
    for (let n = 0; n < 4; n++) await world.clock.advance(4 * 60_000);
    expect(world.hub.summary()).toEqual([]);
    // Buffers of connections, and the last match of a pattern, may still have some.
    if (name === 'memory') expect(await namedApps()).toBe(apps);
    else await expect.poll(namedApps).toBeLessThan(apps / 2);
    await world.hub.close();
  });
});
