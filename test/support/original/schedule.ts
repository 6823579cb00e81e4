// One schedule of faults: a program writes while its connection is cut, answers are swallowed and the server fails, and somebody else writes
// to the same rows. Everything follows from the seed. In the end it is counted what became of the program's writes.

import type { Step } from '../../../src/protocol/transact-messages.ts';
import { silent } from '../../../src/lib/log.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { systemRandom } from '../../../src/lib/random.ts';
import { defaultLimits } from '../../../src/server/limits.ts';
import { Hub } from '../../../src/server/session/hub.ts';
import { memory } from '../../../src/server/storage/memory.ts';
import { ours, official, type ClientName, type Row, type ScheduleClient, type Tx } from './clients.ts';
import { type Connect, OriginalServer } from './double.ts';
import { Network } from './network.ts';
import { messagesIn, RawClient } from './raw-client.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface Counts {
  readonly writes: number;
  /** Told to be in place, or never told anything, and not in place. */
  readonly lost: number;
  /** Applied more than once. */
  readonly doubled: number;
  /** Of these, those that overwrote a newer value. */
  readonly stale: number;
  /** Told to be refused, and applied; or refused without a reason. */
  readonly rejected: number;
  /** What the client shows in the end is not what the server has. */
  readonly diverged: number;
}

export const none: Counts = { writes: 0, lost: 0, doubled: 0, stale: 0, rejected: 0, diverged: 0 };

export function sum(a: Counts, b: Counts): Counts {
  return Object.fromEntries(Object.entries(a).map(([name, count]) => [name, count + b[name as keyof Counts]])) as unknown as Counts;
}

const writesPerSchedule = 18;
const faultsMs = 20_000;
/** Within this a client must have brought everything to an end. */
const calmMs = 180_000;

interface Write {
  readonly marker: string;
  /** Against a unique value: it must be refused. */
  readonly isIllegal: boolean;
  outcome: 'pending' | 'ok' | 'rejected';
  /** How often it was applied, and whether another one stands for it. */
  applied: number;
  isMerged: boolean;
}

export async function playSchedule(seed: number, client: ClientName, server: 'original' | 'triplane', time: VirtualTime): Promise<Counts> {
  const world = new World(seed, client, server, time);
  const { random } = Math;
  // What clients draw lots for: the pauses before they connect again.
  Math.random = mulberry(seed + 1_000_000);
  try {
    await world.start();
    await world.play();
    return await world.count();
  } finally {
    await world.end();
    Math.random = random;
  }
}

const rowIds = [1, 2, 3, 4].map((at) => `c0ffee00-0000-4000-8000-00000000000${at}`);

class World {
  readonly #time: VirtualTime;
  readonly #name: ClientName;
  readonly #random: () => number;
  readonly #appId: string;
  readonly #hub: Hub;
  readonly #network: Network;
  readonly #writes: Write[] = [];
  readonly #byEvent = new Map<string, Write>();
  /** Row and field → the marker of the write that set it last, not counting repeats. */
  readonly #lastSetBy = new Map<string, string>();
  #stale = 0;
  #fails = 0;
  #client: ScheduleClient | undefined;
  #others: RawClient | undefined;

  constructor(seed: number, name: ClientName, server: 'original' | 'triplane', time: VirtualTime) {
    this.#time = time;
    this.#name = name;
    this.#random = mulberry(seed);
    const appId = systemRandom.uuid();
    this.#appId = appId;
    this.#hub = new Hub({
      ...{ appId, adminToken: 'admin', storage: memory(), log: silent, limits: defaultLimits, createAppsOnUse: true },
      ...{ clock: systemClock, random: systemRandom, userOf: () => Promise.reject(new Error('nobody')) },
    });
    const direct: Connect = (peer) => this.#hub.connect(peer);
    const original = new OriginalServer({
      random: this.#random,
      maxRefreshDelay: 400,
      mishap: () => this.#mishap(),
      onReceive: (eventId, steps) => this.#received(eventId, steps),
      onCommit: (eventId, steps, merged) => this.#committed(eventId, steps, merged),
    });
    const connect =
      server === 'original'
        ? original.connect(direct)
        : watched(
            direct,
            (eventId, steps) => this.#received(eventId, steps),
            (eventId, steps) => this.#committed(eventId, steps, []),
          );
    this.#network = new Network({ connect, random: this.#random });
    this.#others = new RawClient(direct, appId);
  }

  async start(): Promise<void> {
    const where = { appId: this.#appId, socket: () => this.#network.socket() };
    await this.#run(this.#others?.open());
    const items = rowIds.flatMap((id) => this.#others?.set(id, { id, title: 'start' }) ?? []);
    await this.#run(this.#others?.transact([...(this.#others?.attrSteps() ?? []), ...items]));
    this.#client = this.#name === 'official' ? await official(where) : ours(where, this.#name === 'ours' ? undefined : false);
    await this.#time.pass(10_000, () => (this.#client?.rows()?.length ?? 0) >= rowIds.length);
  }

  async play(): Promise<void> {
    const moments = Array.from({ length: writesPerSchedule }, () => this.#random() * faultsMs);
    // Some in the same moment.
    const bursts = moments.map((at) => (this.#random() < 0.4 ? Math.floor(at / 2_000) * 2_000 : at));
    const acts: (readonly [at: number, run: () => void])[] = [
      ...bursts.map((at, index) => [at, () => this.#write(index)] as const),
      ...Array.from({ length: 6 }, () => [this.#random() * faultsMs, () => this.#fault()] as const),
      ...Array.from({ length: 8 }, (_, index) => [this.#random() * faultsMs, () => this.#otherWrite(index)] as const),
    ];
    this.#fails = 0.06;
    this.#network.swallows = 0.15;
    const startMs = this.#time.nowMs;
    for (const [at, run] of [...acts].sort(([a], [b]) => a - b)) {
      await this.#time.pass(Math.max(0, startMs + at - this.#time.nowMs));
      run();
    }
    this.#fails = 0;
    this.#network.swallows = 0;
    this.#network.isDown = false;
    await this.#time.pass(calmMs, () => this.#writes.every(({ outcome }) => outcome !== 'pending'));
    await this.#time.pass(20_000);
  }

  async count(): Promise<Counts> {
    const shown = JSON.stringify(normal(this.#client?.rows()));
    const held = JSON.stringify(normal(await this.#run(this.#others?.rows())));
    const isHeld = ({ applied, isMerged }: Write): boolean => applied > 0 || isMerged;
    const lost = this.#writes.filter((write) =>
      write.isIllegal ? write.outcome === 'ok' : write.outcome !== 'rejected' && !isHeld(write),
    );
    const rejected = this.#writes.filter(({ outcome, applied, isIllegal }) => outcome === 'rejected' && (applied > 0 || !isIllegal));
    return {
      writes: this.#writes.length,
      lost: lost.length,
      doubled: this.#writes.filter(({ applied }) => applied > 1).length,
      stale: this.#stale,
      rejected: rejected.length,
      diverged: shown === held ? 0 : 1,
    };
  }

  async end(): Promise<void> {
    const closed = Promise.resolve(this.#client?.close());
    this.#others?.close();
    await this.#run(closed);
    await this.#time.pass(2_000);
  }

  async #run<T>(promise: Promise<T> | undefined): Promise<T | undefined> {
    let isDone = false;
    const done = promise?.finally(() => (isDone = true));
    void done?.catch(() => {});
    await this.#time.pass(30_000, () => isDone);
    return isDone ? done : undefined;
  }

  #write(index: number): void {
    const marker = `w${index}`;
    const isIllegal = this.#random() < 0.08;
    const write: Write = { marker, isIllegal, outcome: 'pending', applied: 0, isMerged: false };
    this.#writes.push(write);
    const row = rowIds[Math.floor(this.#random() * rowIds.length)] ?? '';
    const isNew = this.#random() < 0.25;
    const make = (tx: Tx): unknown => {
      const id = isNew ? systemRandom.uuid() : row;
      const fields = isIllegal ? { title: marker, code: 'taken' } : { title: marker };
      return isNew ? tx.items[id].update(fields) : tx.items[id].update(fields);
    };
    this.#client?.write(make).then(
      (result) => (write.outcome = (result as { status?: string } | undefined)?.status === 'enqueued' ? write.outcome : 'ok'),
      () => (write.outcome = 'rejected'),
    );
  }

  #fault(): void {
    const kind = this.#random();
    if (kind < 0.6) return this.#network.cut();
    this.#network.isDown = true;
    this.#network.cut();
    setTimeout(() => (this.#network.isDown = false), 500 + this.#random() * 3_000);
  }

  #otherWrite(index: number): void {
    const row = rowIds[Math.floor(this.#random() * rowIds.length)] ?? '';
    const marker = `o${index}`;
    void this.#others?.transact(this.#others.set(row, { title: marker }));
    this.#lastSetBy.set(row, marker);
  }

  #mishap(): 'fails' | 'fails-after-commit' | undefined {
    if (this.#random() >= this.#fails) return undefined;
    return this.#random() < 0.5 ? 'fails' : 'fails-after-commit';
  }

  /** By the title that it sets, when it first goes out: a later sending may leave out what a later write has set since. */
  #received(eventId: string, steps: readonly Step[]): void {
    const values = new Set(steps.map((step) => (step[0] === 'add-triple' ? step[3] : undefined)));
    const write = this.#writes.find(({ marker }) => values.has(marker));
    if (write && !this.#byEvent.has(eventId)) this.#byEvent.set(eventId, write);
  }

  #committed(eventId: string, steps: readonly Step[], merged: readonly string[]): void {
    for (const other of merged) {
      const write = this.#byEvent.get(other);
      if (write) write.isMerged = true;
    }
    const write = this.#byEvent.get(eventId);
    // Without steps, the client asks only where in the log the write is.
    if (!write || steps.length === 0) return;
    write.applied += 1;
    const rows = steps.flatMap((step) => (step[0] === 'add-triple' && step[3] === write.marker ? [String(step[1])] : []));
    for (const row of rows) {
      if (write.applied > 1 && this.#lastSetBy.get(row) !== write.marker) this.#stale += 1;
      if (write.applied === 1) this.#lastSetBy.set(row, write.marker);
    }
  }
}

/** Our own server. It answers a repeat as it answered the first time, with the same transaction. */
type OnSteps = (eventId: string, steps: readonly Step[]) => void;

function watched(connect: Connect, onReceive: OnSteps, onCommit: OnSteps): Connect {
  const applied = new Set<unknown>();
  return (peer) => {
    const sent = new Map<string, readonly Step[]>();
    const session = connect({
      send(frame) {
        for (const message of messagesIn(frame)) {
          const eventId = String(message['client-event-id']);
          const steps = message['op'] === 'transact-ok' ? sent.get(eventId) : undefined;
          if (steps && !applied.has(message['tx-id'])) onCommit(eventId, steps);
          if (steps) applied.add(message['tx-id']);
        }
        peer.send(frame);
      },
      close: (code, reason) => peer.close(code, reason),
    });
    return {
      receive(frame) {
        const message = JSON.parse(frame) as Record<string, unknown>;
        if (message['op'] === 'transact') {
          const [eventId, steps] = [String(message['client-event-id']), message['tx-steps'] as readonly Step[]];
          onReceive(eventId, steps);
          sent.set(eventId, steps);
        }
        session.receive(frame);
      },
      end: () => session.end(),
    };
  };
}

function normal(rows: readonly Row[] | undefined): string[] {
  return (rows ?? []).map(({ id, title, code }) => JSON.stringify([id, title ?? null, code ?? null])).sort();
}

function mulberry(seed: number): () => number {
  let state = seed * 2_654_435_761;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
