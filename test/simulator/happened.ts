// What has really happened in a run, beyond the steps that were meant to lead to it: a fault that never comes true proves nothing.

export class Happened {
  readonly #counts = new Map<string, number>();

  note(what: string, times = 1): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + times);
  }

  add(other: Happened): void {
    for (const [what, times] of other.#counts) this.note(what, times);
  }

  count(what: string): number {
    return this.#counts.get(what) ?? 0;
  }
}

/** Each of these has to occur, as has each step of steps.ts. */
export const mustHappen: readonly string[] = [
  ...['send throws', 'a write comes twice', 'an answer comes twice', 'an answer is lost', 'a frame makes no sense'],
  ...['answers in lanes that overtake each other', 'an open socket was closing', 'a connection is refused'],
  ...['a disk: hangs', 'a disk: full', 'a disk: broken', 'a disk fails'],
  ...['a leader of several tabs is killed', 'a leader of several tabs is frozen'],
  ...[
    'the server is killed before a commit',
    'the server is killed between a commit and its answer',
    "the server's storage fails at a write",
  ],
  ...['a clock jumps back', 'a clock jumps ahead'],
  ...['a write is refused', 'an expired user is refused', 'the user changes while the writes of another are read'],
  ...['the app becomes active', 'the app becomes read-only', 'the app becomes disabled'],
];
