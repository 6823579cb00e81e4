// What goes wrong in the field, as scripts that either client plays. Each tells what came of it, and whether that is the
// fault it looks for.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { vi } from 'vitest';
import { type Goal, goalId, goalsQuery, rejection } from '../../support/goals.ts';
import type { ServerMessage } from '../../../src/protocol/server-message.ts';
import { stage } from './platform.ts';
import { appIds, type Outcome, type Side, type Tab } from './sides.ts';

export interface Verdict {
  readonly isShown: boolean;
  readonly detail: string;
}

export interface Script {
  readonly id: string;
  /** What must be so. */
  readonly title: string;
  readonly run: (side: Side) => Promise<Verdict>;
}

const applied = (): number => stage.backend.model.goals.size;

async function openTab(
  side: Side,
  appId?: string,
): Promise<Tab & { readonly seen: { last: readonly Goal[] | undefined; error: unknown } }> {
  const tab = side.open(appId);
  const seen: { last: readonly Goal[] | undefined; error: unknown } = { last: undefined, error: undefined };
  tab.subscribe(goalsQuery, (goals, error) => {
    if (goals) seen.last = goals;
    seen.error = error;
  });
  await stage.wait(1_000);
  return { ...tab, seen };
}

function writes(tab: Tab, count: number, from = 0): Outcome[] {
  return Array.from({ length: count }, (_, at) => tab.transact('update', goalId(from + at), { title: `goal ${from + at}` }));
}

/** A tab is closed without a word: whatever it held in memory is gone, what it stored is there. */
async function kill(...tabs: Tab[]): Promise<void> {
  await stage.wait(2_000);
  for (const tab of tabs) tab.close();
  await stage.wait(100);
}

const lost = (expected: number): Verdict => ({ isShown: applied() < expected, detail: `${applied()} of ${expected} applied` });

export const scripts: readonly Script[] = [
  {
    id: 'F1',
    title: '5 writes made offline reach a server that is slow to answer',
    async run(side) {
      const tab = await openTab(side);
      stage.setOnline(false);
      writes(tab, 5);
      await stage.wait(1_000);
      stage.backend.held.add('transact');
      stage.setOnline(true);
      await stage.wait(40_000);
      stage.backend.hangUp();
      stage.backend.held.clear();
      await stage.wait(40_000);
      return lost(5);
    },
  },
  {
    id: 'F2',
    title: 'a write in flight while the server is down for 8 s is applied',
    async run(side) {
      const tab = await openTab(side);
      stage.backend.held.add('transact');
      const [outcome] = writes(tab, 1);
      await stage.wait(200);
      stage.backend.isUp = false;
      stage.backend.held.clear();
      stage.backend.hangUp();
      await stage.wait(8_000);
      stage.backend.isUp = true;
      await stage.wait(40_000);
      return { ...lost(1), detail: `${applied()} of 1 applied, promise ${outcome?.status}` };
    },
  },
  {
    id: 'F3',
    title: 'a write whose confirmation was lost is applied once, and overwrites nobody',
    async run(side) {
      const tab = await openTab(side);
      stage.backend.losesAcks = true;
      tab.transact('update', goalId(1), { title: 'mine' });
      await stage.wait(500);
      stage.backend.put({ id: goalId(1), title: 'newer' });
      stage.backend.losesAcks = false;
      stage.backend.hangUp();
      await stage.wait(15_000);
      const { log, goals } = stage.backend.model;
      const title = goals.get(goalId(1))?.title;
      return { isShown: log.length !== 1 || title !== 'newer', detail: `applied ${log.length} times, the value is '${title}'` };
    },
  },
  {
    id: 'F4',
    title: 'a refused write leaves the screen, also if news came while it was pending',
    async run(side) {
      const tab = await openTab(side);
      stage.backend.held.add('transact');
      tab.transact('create', goalId(1), { title: 'bad' });
      await stage.wait(100);
      stage.backend.put({ id: goalId(2), title: 'theirs' });
      await stage.wait(100);
      stage.backend.release();
      await stage.wait(1_000);
      const shown = (tab.seen.last ?? []).map(({ title }) => title);
      return { isShown: shown.includes('bad'), detail: `on screen: ${shown.join(', ')}` };
    },
  },
  {
    id: 'F5',
    title: '20 writes made offline in two tabs are all kept',
    async run(side) {
      const tabs = [await openTab(side), await openTab(side)];
      stage.setOnline(false);
      for (let at = 0; at < 20; at += 1) {
        const tab = tabs[at % 2];
        if (tab) writes(tab, 1, at);
        await stage.wait(150);
      }
      await kill(...tabs);
      stage.setOnline(true);
      await openTab(side);
      await stage.wait(20_000);
      return lost(20);
    },
  },
  {
    id: 'F6',
    title: '10 stored writes are sent once, with three tabs open',
    async run(side) {
      const first = await openTab(side);
      stage.setOnline(false);
      writes(first, 10);
      await kill(first);
      stage.backend.frames.length = 0;
      stage.setOnline(true);
      for (let at = 0; at < 3; at += 1) side.open();
      await stage.wait(5_000);
      const sent = stage.backend.sent('transact').length;
      return { isShown: sent > 10, detail: `${sent} messages` };
    },
  },
  {
    id: 'F7',
    title: '10 writes made offline outlive a token that is revoked meanwhile',
    async run(side) {
      const tab = await openTab(side);
      await Promise.all([tab.signIn('ann'), stage.wait(2_000)]);
      stage.setOnline(false);
      writes(tab, 10);
      await stage.wait(1_000);
      stage.backend.revoked.add('ann');
      stage.setOnline(true);
      await stage.wait(5_000);
      stage.backend.revoked.clear();
      await Promise.all([tab.signIn('ann'), stage.wait(2_000)]);
      await stage.wait(20_000);
      return lost(10);
    },
  },
  {
    id: 'F8',
    title: 'signing in to another app on the same page costs no write of this one',
    async run(side) {
      const tab = await openTab(side);
      stage.backend.isUp = false;
      stage.backend.hangUp();
      await stage.wait(500);
      writes(tab, 10);
      await stage.wait(500);
      const other = side.open(appIds.other);
      await Promise.all([other.signIn('bob'), stage.wait(2_000)]);
      stage.backend.isUp = true;
      await stage.wait(30_000);
      return lost(10);
    },
  },
  {
    id: 'F9',
    title: '50 clients that lost the same server do not come back in the same quarter of a second',
    async run(side) {
      for (let at = 0; at < 50; at += 1) side.open();
      await stage.wait(3_000);
      stage.backend.isUp = false;
      stage.backend.hangUp();
      await stage.wait(15_000, 50);
      stage.backend.isUp = true;
      const { attempts } = stage.backend;
      const before = attempts.length;
      await stage.wait(12_000, 50);
      const buckets = new Map<number, number>();
      for (const atMs of attempts.slice(before)) buckets.set(Math.floor(atMs / 250), (buckets.get(Math.floor(atMs / 250)) ?? 0) + 1);
      const most = Math.max(...buckets.values());
      return { isShown: most > 25, detail: `${most} of 50 in the same 250 ms` };
    },
  },
  {
    id: 'F10',
    title: 'a line that is silent for 90 s is noticed',
    async run(side) {
      const tab = await openTab(side);
      stage.backend.isDead = true;
      const { frames, attempts } = stage.backend;
      const before = [frames.length, attempts.length];
      await stage.wait(90_000);
      const isNoticed = frames.length > Number(before[0]) && attempts.length > Number(before[1]);
      return { isShown: !isNoticed, detail: `status '${tab.status()}', ${attempts.length - Number(before[1])} further sockets` };
    },
  },
  {
    id: 'F11',
    title: 'a subscriber that throws does not keep the next from being told',
    async run(side) {
      const tab = side.open();
      let notified = 0;
      tab.subscribe(goalsQuery, () => {
        throw new Error('of the app');
      });
      tab.subscribe(goalsQuery, () => (notified += 1));
      await stage.wait(2_000);
      const { thrown } = stage.backend;
      return { isShown: notified === 0 || thrown.length > 0, detail: `the next was told ${notified} times, ${thrown.length} uncaught` };
    },
  },
  {
    id: 'F12',
    title: '30 malformed frames throw nothing, and the line is of use afterwards',
    async run(side) {
      const tab = await openTab(side);
      for (const frame of malformedFrames) stage.backend.openSockets[0]?.sendText(frame);
      await stage.wait(1_000);
      const thrown = stage.backend.thrown.length;
      stage.backend.put({ id: goalId(1), title: 'news' });
      await stage.wait(1_000);
      const isReceived = tab.seen.last?.some(({ title }) => title === 'news') ?? false;
      return { isShown: thrown > 0 || !isReceived, detail: `${thrown} uncaught, news ${isReceived ? 'heard' : 'not heard'}` };
    },
  },
  {
    id: 'F13',
    title: 'a write to an entity whose making was refused is not applied',
    async run(side) {
      const tab = await openTab(side);
      stage.setOnline(false);
      tab.transact('create', goalId(1), { title: 'bad' });
      tab.transact('update', goalId(1), { title: 'fine', done: true });
      await stage.wait(1_000);
      stage.setOnline(true);
      await stage.wait(20_000);
      const goal = stage.backend.model.goals.get(goalId(1));
      return { isShown: goal !== undefined, detail: goal ? `half an entity: ${JSON.stringify(goal)}` : 'nothing applied' };
    },
  },
  {
    id: 'F14',
    title: 'in plain Node it works, or refuses to start with a reason',
    async run(side) {
      if (side.name === 'triplane') return { isShown: false, detail: 'works: see faults.test.ts' };
      const uris = "apiURI:'http://127.0.0.1:9',websocketURI:'ws://127.0.0.1:9/runtime/session'";
      const code = `import { init } from '@instantdb/core';
        const db = init({appId:'${appIds.one}',${uris}});
        try { db.subscribeQuery({goals:{}},()=>{}); console.log('fine'); } catch (error) { console.log(error.constructor.name+': '+error.message); }
        process.exit(0);`;
      vi.useRealTimers();
      const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', code], { cwd: process.cwd() });
      return { isShown: stdout.includes('TypeError'), detail: `subscribeQuery: ${stdout.split(':')[0]?.trim()}` };
    },
  },
  {
    id: 'F15',
    title: 'a query asked once that had no answer, and a shutdown, leave nothing behind',
    async run(side) {
      const tab = side.open();
      await stage.wait(1_000);
      stage.backend.held.add('add-query');
      const requested = tab.once({ goals: { $: { where: { done: true } } } });
      await stage.wait(31_000);
      const result = await requested;
      stage.backend.frames.length = 0;
      stage.backend.hangUp();
      await stage.wait(5_000);
      const again = stage.backend.sent('add-query').length;
      tab.close();
      await stage.wait(60_000);
      const left = vi.getTimerCount() + stage.channels;
      return { isShown: again + left > 0, detail: `'${result.slice(0, 30)}…', asked again ${again} times, ${left} timers and ports left` };
    },
  },
  {
    id: 'W-03',
    title: 'status 500 on a write tells nothing: it is kept',
    async run(side) {
      const tab = await openTab(side);
      stage.backend.model.mishaps.push('fails');
      const [outcome] = writes(tab, 1);
      await stage.wait(60_000);
      return { isShown: applied() < 1, detail: `${applied()} of 1 applied, promise ${outcome?.status}` };
    },
  },
  {
    id: 'W-05',
    title: 'a confirmed write does not hide what others wrote after it',
    async run(side) {
      stage.backend.model.put({ id: goalId(1), title: 'before' });
      const tab = await openTab(side);
      const [socket] = stage.backend.openSockets;
      if (socket) socket.session.refresh = () => {}; // the answer came out equal: nothing is sent
      tab.transact('update', goalId(1), { title: 'mine' });
      await stage.wait(100);
      stage.backend.model.put({ id: goalId(1), title: 'before' });
      await stage.wait(60_000);
      const title = tab.seen.last?.[0]?.title;
      return { isShown: title !== 'before', detail: `on screen after a minute: '${title}'` };
    },
  },
  {
    id: 'W-08',
    title: 'an older answer does not overwrite a newer one',
    async run(side) {
      const tab = await openTab(side);
      stage.backend.put({ id: goalId(1), title: 'new' });
      await stage.wait(100);
      const id = stage.backend.sent('add-query')[0]?.['client-event-id'] ?? null;
      const result = [{ data: { 'datalog-result': { 'join-rows': [[]] } }, 'child-nodes': [] }];
      stage.backend.openSockets[0]?.say({ op: 'add-query-ok', 'client-event-id': id, q: goalsQuery, result, 'processed-tx-id': 1 });
      await stage.wait(1_000);
      const shown = (tab.seen.last ?? []).map(({ title }) => title);
      return { isShown: !shown.includes('new'), detail: `on screen: ${shown.join(', ') || 'nothing'}` };
    },
  },
  {
    id: 'W-09',
    title: 'a query that was refused for now is asked again',
    async run(side) {
      stage.backend.held.add('add-query');
      const tab = await openTab(side);
      stage.backend.held.clear();
      const id = stage.backend.sent('add-query')[0]?.['client-event-id'] ?? '';
      const original = { op: 'add-query', q: goalsQuery };
      stage.backend.openSockets[0]?.say(rejection(id, { type: 'rate-limited', hint: { 'retry-after': 2 }, 'original-event': original }));
      await stage.wait(60_000);
      return { isShown: tab.seen.last === undefined, detail: tab.seen.last ? 'answered in the end' : 'never answered' };
    },
  },
  {
    id: 'W-10',
    title: 'after a refresh that failed, what is seen is asked for again',
    async run(side) {
      const tab = await openTab(side);
      stage.backend.model.put({ id: goalId(1), title: 'news' });
      const sent: ServerMessage = { op: 'error', status: 500, type: 'timeout', message: 'slow', 'original-event': { op: 'refresh' } };
      const [socket] = stage.backend.openSockets;
      if (socket) {
        socket.session.isStale = false;
        socket.say(sent);
      }
      await stage.wait(30_000);
      const isReceived = tab.seen.last?.some(({ title }) => title === 'news') ?? false;
      return { isShown: !isReceived, detail: isReceived ? 'heard' : 'stale for good' };
    },
  },
  {
    id: 'W-11',
    title: 'the type and status of a refusal reach the app',
    async run(side) {
      const tab = await openTab(side);
      const outcome = tab.transact('create', goalId(1), { title: 'bad' });
      await stage.wait(1_000);
      const { type, status, body } = outcome.error as { type?: string; status?: number; body?: { type?: string } };
      const isNotified = (type ?? body?.type) === 'permission-denied' && status === 400;
      return { isShown: !isNotified, detail: `type ${type ?? body?.type}, status ${status}` };
    },
  },
  {
    id: 'W-14',
    title: 'two tabs show one another’s writes before the server has them, and one of them sends',
    async run(side) {
      const tabs = [await openTab(side), await openTab(side)];
      stage.backend.held.add('transact');
      tabs[1]?.transact('create', goalId(1), { title: 'mine' });
      await stage.wait(1_000);
      const shows = tabs.map(({ seen }) => (seen.last ?? []).some(({ title }) => title === 'mine'));
      const sent = stage.backend.sent('transact').length;
      return {
        isShown: sent !== 1 || shows.includes(false),
        detail: `shown in ${shows.filter(Boolean).length} of 2 tabs, sent ${sent} times`,
      };
    },
  },
  {
    id: 'W-16',
    title: 'what waits while the app is read-only is held',
    async run(side) {
      const tab = await openTab(side);
      stage.setOnline(false);
      writes(tab, 3);
      await stage.wait(1_000);
      const { model } = stage.backend;
      model.isReadOnly = true;
      stage.setOnline(true);
      await stage.wait(10_000);
      model.isReadOnly = false;
      stage.backend.openSockets.forEach((socket) => socket.say({ op: 'app-status-changed', status: 'active' }));
      stage.backend.hangUp();
      await stage.wait(30_000);
      return lost(3);
    },
  },
  {
    id: 'W-17',
    title: 'a line that is open is not replaced by a timer of the one before',
    async run(side) {
      const tab = await openTab(side);
      stage.backend.isUp = false;
      stage.backend.hangUp();
      await stage.wait(7_500);
      stage.backend.isUp = true;
      stage.setOnline(false);
      const before = stage.backend.attempts.length;
      stage.setOnline(true);
      await stage.wait(20_000);
      const opened = stage.backend.attempts.length - before;
      return { isShown: opened > 1, detail: `${opened} sockets for one return, status '${tab.status()}'` };
    },
  },
  {
    id: 'W-32',
    title: 'a server that fails at init is asked again',
    async run(side) {
      stage.backend.refusesInit = () => rejection('', { status: 500, type: 'sql-exception', hint: null, 'original-event': { op: 'init' } });
      const tab = await openTab(side);
      stage.backend.refusesInit = undefined;
      await stage.wait(60_000);
      return { isShown: tab.status() !== 'authenticated', detail: `status '${tab.status()}'` };
    },
  },
  {
    id: 'W-38',
    title: 'a write that was shown and sent is on disk',
    async run(side) {
      const tab = await openTab(side);
      stage.backend.held.add('transact');
      writes(tab, 1);
      for (let turn = 0; turn < 50 && stage.backend.sent('transact').length === 0; turn += 1) await stage.wait(1, 1);
      // The tab dies in this very moment: what is stored is all that is left.
      const copy = await storedBytes();
      tab.close();
      const isStored = copy.includes(goalId(1)) || copy.includes(goalId(0));
      return { isShown: !isStored, detail: isStored ? 'on disk before it was sent' : 'sent, and not on disk' };
    },
  },
];

async function storedBytes(): Promise<string> {
  const all: unknown[] = [];
  const wait = <T>(request: IDBRequest<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(new Error('no storage'));
    });
  for (const { name } of await indexedDB.databases()) {
    const db = await wait(indexedDB.open(name ?? ''));
    for (const store of db.objectStoreNames) all.push(await wait(db.transaction(store).objectStore(store).getAll()));
    db.close();
  }
  return JSON.stringify(all);
}

/** Each is wrong in its own way. */
const malformedFrames: readonly string[] = [
  '', 'nonsense', '{', '[', 'null', '7', '"text"', 'true', '[]', '{}', '[null]', '[[]]', '{"op":null}', '{"op":7}', '{"op":"nobody-knows"}',
  '{"op":"init-ok"}', '{"op":"add-query-ok"}', '{"op":"add-query-ok","q":null,"result":null}', '{"op":"add-query-ok","q":{"goals":{}},"result":[{}]}',
  '{"op":"add-query-ok","q":{"goals":{}},"result":7}', '{"op":"refresh-ok"}', '{"op":"refresh-ok","computations":null}',
  '{"op":"refresh-ok","computations":[{"instaql-query":{"goals":{}},"instaql-result":[{"data":{}}]}]}', '{"op":"refresh-ok","computations":[null]}',
  '{"op":"transact-ok"}', '{"op":"error"}', '{"op":"error","original-event":7}', '{"op":"patch-presence","room-id":"r","edits":7}',
  '{"op":"refresh-presence","room-id":"r","data":null}', '{"op":"server-broadcast","room-id":"r","topic":"t","data":null}',
]; // prettier-ignore
