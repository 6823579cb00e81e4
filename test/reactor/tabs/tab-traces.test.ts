// Random lives of one app in several tabs of a browser, which share a store, a lock and a channel: tabs are closed and
// opened, lines are lost, confirmations too. In the end each write was applied once, and all tabs show what the server has.

import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { stage } from '../../interop/reference-weaknesses/platform.ts';
import { type Outcome, type Tab, triplane } from '../../interop/reference-weaknesses/sides.ts';
import { checkAsync, patience } from '../../support/runs.ts';
import { type Goal, goalId, goalsQuery } from '../../support/goals.ts';

type Action = 'create' | 'update' | 'refused' | 'close' | 'open' | 'hang up' | 'lose acks' | 'hold' | 'release' | 'offline' | 'online' | 'wait' | 'others'; // prettier-ignore

interface Step {
  readonly action: Action;
  readonly tab: number;
  readonly goal: number;
}

interface Open {
  readonly tab: Tab;
  seen: readonly Goal[] | undefined;
}

const often: readonly Action[] = ['create', 'create', 'update', 'update', 'wait', 'wait'];
const seldom: readonly Action[] = ['refused', 'close', 'open', 'hang up', 'lose acks', 'hold', 'release', 'offline', 'online', 'others'];
const step = fc.record({ action: fc.constantFrom(...often, ...seldom), tab: fc.nat(2), goal: fc.nat(3) });
const side = await triplane();

afterEach(() => stage.clear());

class Browser {
  readonly open: Open[] = [];
  readonly outcomes: Outcome[] = [];
  readonly titles: string[] = [];
  #made = 0;

  start(): void {
    const entry: Open = { tab: side.open(), seen: undefined };
    entry.tab.subscribe(goalsQuery, (goals) => {
      if (goals) entry.seen = goals;
    });
    this.open.push(entry);
  }

  async take({ action, tab: at, goal }: Step): Promise<void> {
    const { backend } = stage;
    const entry = this.open[at % Math.max(1, this.open.length)];
    if (action === 'create') this.#write(entry, 'create', crypto.randomUUID());
    if (action === 'update') this.#write(entry, 'update', goalId(goal));
    if (action === 'refused' && entry) {
      entry.tab.transact('create', crypto.randomUUID(), { title: 'bad' });
    }
    if (action === 'open' && this.open.length < 3) this.start();
    if (action === 'close' && entry) {
      await stage.wait(20, 10); // long enough to be stored: what the user was told to be kept
      this.open.splice(this.open.indexOf(entry), 1)[0]?.tab.close();
      if (this.open.length === 0) this.start();
    }
    if (action === 'hang up') backend.hangUp();
    if (action === 'lose acks') backend.losesAcks = true;
    if (action === 'hold') backend.held.add('transact');
    if (action === 'release') backend.release();
    if (action === 'others') backend.put({ id: goalId(goal), title: 'theirs' });
    if (action === 'offline' || action === 'online') stage.setOnline(action === 'online');
    await stage.wait(action === 'wait' ? 1_500 : 20, action === 'wait' ? 500 : 10);
  }

  async calm(): Promise<void> {
    const { backend } = stage;
    backend.losesAcks = false;
    backend.held.clear();
    backend.hangUp();
    stage.setOnline(true);
    await stage.wait(60_000, 1_000);
    for (const socket of backend.openSockets) backend.pump(socket);
    await stage.wait(2_000);
  }

  check(): void {
    const { model } = stage.backend;
    const ids = model.log.map(({ eventId }) => eventId);
    expect(ids.length, 'nothing twice').toBe(new Set(ids).size);
    const failed = this.outcomes.flatMap(({ error }, at) =>
      error ? [`write ${at + 1}: ${error instanceof Error ? error.message : 'refused'}`] : [],
    );
    expect(
      failed.filter((text) => !/shut down|was closed/.test(text)),
      'nothing refused',
    ).toEqual([]);
    expect(ids.length, 'nothing lost').toBe(this.#made);
    const sorted = (goals: Iterable<Goal>): Goal[] => [...goals].sort((a, b) => (a.id < b.id ? -1 : 1));
    for (const { seen } of this.open) expect(sorted(seen ?? [])).toEqual(sorted(model.goals.values()));
  }

  #write(entry: Open | undefined, action: 'create' | 'update', id: string): void {
    if (!entry) return;
    this.#made += 1;
    this.outcomes.push(entry.tab.transact(action, id, { title: `write ${this.#made}` }));
  }
}

test('several tabs lose no write, apply none twice, and show the same result', { timeout: patience }, async () => {
  const life = async (steps: readonly Step[]): Promise<void> => {
    stage.set(side.server);
    const browser = new Browser();
    try {
      browser.start();
      browser.start();
      await stage.wait(500);
      for (const each of steps) await browser.take(each);
      await browser.calm();
      browser.check();
    } finally {
      for (const { tab } of browser.open) tab.close();
      stage.clear();
    }
  };
  await checkAsync(fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 30, size: 'max' }), life), 40);
});
