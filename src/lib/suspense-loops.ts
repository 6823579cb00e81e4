// Finds a component that waits for ever because it asks for something new with each render, as with `Date.now()` in a query: React renders it
// again once that has loaded, and it then waits for the next one.

interface Loop<Request> {
  /** Those that components have suspended for, and that were neither read nor found loaded since. */
  readonly waiting: Set<Request>;
  last: object;
  /** How many requests in a row were loaded and not read. */
  unread: number;
}

/** A few requests may be abandoned while a user types or navigates. */
const mostUnread = 10;
const mostShapes = 100;

export class SuspenseLoops<Request extends object> {
  readonly #isWaiting: (request: Request) => boolean;
  readonly #hook: 'useSuspenseQuery' | 'useQuery';
  readonly #loops = new Map<string, Loop<Request>>();
  readonly #found = new Set<string>();
  readonly #read = new WeakSet<Request>();

  constructor(isWaiting: (request: Request) => boolean, hook: 'useSuspenseQuery' | 'useQuery' = 'useSuspenseQuery') {
    this.#isWaiting = isWaiting;
    this.#hook = hook;
  }

  /** A component was rendered with the result. */
  markRead(request: Request): void {
    this.#read.add(request);
  }

  /** A component waits. Returns what to tell the programmer if it does so for ever, once for each shape of `asked`. */
  noteSuspended(request: Request, asked: object): string | undefined {
    const shape = JSON.stringify(asked, (_key, value: unknown) => (typeof value === 'object' && value !== null ? value : typeof value));
    if (this.#found.has(shape)) return undefined;
    if (this.#loops.size >= mostShapes) this.#loops.clear();
    const loop = this.#loops.get(shape) ?? { waiting: new Set(), last: asked, unread: 0 };
    this.#loops.set(shape, loop);
    this.#countUnread(loop);
    loop.waiting.add(request);
    const path = loop.unread < mostUnread ? undefined : changedPath(loop.last, asked);
    loop.last = asked;
    if (path === undefined) return undefined;
    this.#found.add(shape);
    this.#loops.delete(shape);
    return (
      `${this.#hook}: the query is a new one at each render, so the component waits for ever. What changes is '${path}'. ` +
      'Compute the value once, outside the component or in a parent that does not wait, or round it.'
    );
  }

  /**
   * React may render a suspended component again before what it first asked for has loaded. Any other component that moves on before was told to,
   * as by a user who types.
   */
  #countUnread(loop: Loop<Request>): void {
    for (const request of loop.waiting) {
      if (this.#read.has(request)) loop.unread = 0;
      else if (!this.#isWaiting(request)) loop.unread++;
      else if (this.#hook === 'useSuspenseQuery') continue;
      loop.waiting.delete(request);
    }
  }
}

function changedPath(before: unknown, after: unknown, path = ''): string | undefined {
  if (Object.is(before, after)) return undefined;
  if (!isStructured(before) || !isStructured(after) || before instanceof Date) return String(before) === String(after) ? undefined : path;
  for (const key of Object.keys(after)) {
    const changed = changedPath(before[key], after[key], path ? `${path}.${key}` : key);
    if (changed !== undefined) return changed;
  }
  return undefined;
}

function isStructured(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
