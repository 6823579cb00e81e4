// The traffic of the simulated world: frames that come twice, overtake each other, make no sense, or cannot be sent. Also what is watched there:
// that one tab of a browser sends a write, that clients do not come back in step, and that nobody floods the server.

import type { Socket, Traffic } from '../../src/testing/virtual/network.ts';
import type { ProcessClock } from '../../src/testing/virtual/process-clock.ts';
import type { SeededRandom } from '../../src/testing/virtual/seeded-random.ts';
import type { VirtualClock } from '../../src/testing/virtual/clock.ts';
import { badFrames, errorsIn, eventIdIn, lanesOf } from './frames.ts';

/** More than any run needs: a client that sends again and again without a pause sends thousands a second. */
const mostFrames = 6_000;
const hurryMs = 1_000;
/** So many attempts of one number must not come after the same time, if they are most of them. */
const fewestAttempts = 4;

export class SimulatedTraffic implements Traffic {
  /** How likely it is that a frame comes twice, and that one that makes no sense comes before it. */
  repeats = 0;
  garbles = 0;
  /** Writes that the server has refused for good, whether anybody heard of it or not. */
  readonly refused = new Set<string>();
  /** The next call of `send` throws. */
  readonly broken = new Set<Socket>();
  readonly #clock: VirtualClock;
  readonly #random: SeededRandom;
  readonly #report: (violation: string) => void;
  readonly #note: (what: string) => void;
  readonly #hasLanes = new WeakMap<Socket, boolean>();
  readonly #senders = new Map<string, Socket>();
  readonly #reported = new Set<string>();
  /** By tab: how many attempts have failed in a row, and since when it has had no connection. */
  readonly #lost = new Map<ProcessClock, { readonly attempt: number; readonly atMs: number }>();
  readonly #confirmed = new WeakMap<ProcessClock, Set<string>>();
  /** Tabs whose disk has failed: it may not know what they were told. */
  readonly doubted = new WeakSet<ProcessClock>();
  #hurriedAtMs = -Infinity;
  /** Number of the attempt → how long after the last one each came. */
  readonly #delays = new Map<number, number[]>();
  frames = 0;

  /** @param note is told what has really happened to a frame or a socket */
  constructor(clock: VirtualClock, random: SeededRandom, report: (violation: string) => void, note: (what: string) => void) {
    this.#clock = clock;
    this.#random = random;
    this.#report = report;
    this.#note = note;
  }

  up(socket: Socket, frame: string): readonly string[] {
    if (this.broken.delete(socket)) {
      this.#note('send throws');
      throw new Error('The socket cannot send');
    }
    this.frames += 1;
    if (this.frames === mostFrames) this.#report(`${mostFrames} frames were sent`);
    const eventId = eventIdIn(frame);
    if (eventId === undefined) return [frame];
    this.#checkSender(socket, eventId);
    if (!this.#random.chance(this.repeats)) return [frame];
    this.#note('a write comes twice');
    return [frame, frame];
  }

  down(socket: Socket, frame: string): readonly (readonly [lane: string, frame: string])[] {
    const { failed, refused } = errorsIn(frame);
    for (const eventId of refused) this.refused.add(eventId);
    if (refused.length > 0) this.#note('a write is refused');
    if (frame.includes('Record not found: app-user')) this.#note('an expired user is refused');
    if (!socket.isHealthy) {
      this.#note('an answer is lost');
      return [];
    }
    const garbage = this.#random.chance(this.garbles) ? [['down', this.#random.pick(badFrames) ?? ''] as const] : [];
    const hasLanes = this.#hasLanes.get(socket) ?? this.#random.chance(0.4);
    this.#hasLanes.set(socket, hasLanes);
    const parts = hasLanes ? lanesOf(frame) : [['down', frame] as const];
    const isRepeated = failed.length === 0 && this.#random.chance(this.repeats);
    if (garbage.length > 0) this.#note('a frame makes no sense');
    if (new Set(parts.map(([lane]) => lane)).size > 1) this.#note('answers in lanes that overtake each other');
    if (isRepeated) this.#note('an answer comes twice');
    return [...garbage, ...parts.flatMap((part) => (isRepeated ? [part, part] : [part]))];
  }

  /** A tab has heard that a write is in place. */
  onConfirmed(owner: ProcessClock, eventId: string): void {
    const confirmed = this.#confirmed.get(owner) ?? new Set();
    this.#confirmed.set(owner, confirmed.add(eventId));
  }

  /** Clients have a reason to connect at once: a network is back, or somebody signed in. */
  onReason(): void {
    this.#hurriedAtMs = this.#clock.monotonicNow();
  }

  onClosed(owner: ProcessClock, wasOpen: boolean): void {
    this.#note(wasOpen ? 'an open socket was closing' : 'a connection is refused');
    const attempt = wasOpen ? 0 : (this.#lost.get(owner)?.attempt ?? 0);
    this.#lost.set(owner, { attempt, atMs: this.#clock.monotonicNow() });
  }

  onAttempt(owner: ProcessClock): void {
    const lost = this.#lost.get(owner);
    if (!lost) return;
    this.#lost.set(owner, { ...lost, attempt: lost.attempt + 1 });
    if (this.#clock.monotonicNow() - this.#hurriedAtMs < hurryMs) return;
    const delays = this.#delays.get(lost.attempt) ?? [];
    this.#delays.set(lost.attempt, [...delays, this.#clock.monotonicNow() - lost.atMs]);
  }

  /** At the end. */
  check(): void {
    for (const [attempt, all] of this.#delays) {
      const delays = all.filter((ms) => ms > 100);
      for (const ms of new Set(delays)) {
        const same = delays.filter((other) => other === ms).length;
        if (same >= fewestAttempts && same > delays.length / 2)
          this.#report(`clients come back in step: attempt ${attempt + 1} comes after ${ms} ms, ${same} times of ${delays.length}`);
      }
    }
  }

  #checkSender(socket: Socket, eventId: string): void {
    if (this.#confirmed.get(socket.owner)?.has(eventId) && !this.doubted.has(socket.owner))
      this.#report(`${eventId} is sent again after it was confirmed`);
    const before = this.#senders.get(eventId);
    this.#senders.set(eventId, socket);
    const isOther = before !== undefined && before.owner !== socket.owner;
    // One that was frozen may have lost the lead without having heard of it.
    if (!isOther || !before.isHealthy || before.owner.isDead || before.owner.wasFrozen || socket.owner.wasFrozen) return;
    if (!this.#reported.has(eventId)) this.#report(`${eventId} is sent by two tabs that are both connected`);
    this.#reported.add(eventId);
  }
}
