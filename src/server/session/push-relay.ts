// Forwards messages for an event stream that reached another process than the one that keeps the stream, as happens behind a load balancer,
// and reports whether that process accepted them.

import type { Clock, Timer } from '../../lib/clock.ts';

/** Messages for the session of an event stream. */
export interface Push {
  /** Id of the process that keeps the stream. */
  readonly machine: string;
  readonly session: string;
  readonly token: string;
  readonly messages: readonly unknown[];
}

/** Whether the session accepted it; undefined if another process keeps the stream. */
export type TakePush = (push: Push) => boolean | undefined;

export type PushMessage =
  | { readonly is: 'push'; readonly id: string; readonly push: Push }
  | { readonly is: 'pushed'; readonly id: string; readonly isTaken: boolean };

export interface PushRelayConfig {
  readonly send: (message: PushMessage) => void;
  readonly take: TakePush;
  readonly uuid: () => string;
  readonly clock: Clock;
}

/** Time limit for the other process. */
const answerWithinMs = 5000;
/** Sessions that another process is known to keep. */
const maxKnown = 10_000;

export class PushRelay {
  readonly #config: PushRelayConfig;
  readonly #waiting = new Map<string, (isTaken: boolean) => void>();
  readonly #known = new Set<string>();

  constructor(config: PushRelayConfig) {
    this.#config = config;
  }

  /**
   * Resolves to whether another process accepted it; false if none responds in time. What is forwarded reaches every process, so that a
   * stranger's messages for a session that does not exist are not: the session is asked for first, without them.
   */
  async forward(push: Push): Promise<boolean> {
    const key = `${push.machine} ${push.session} ${push.token}`;
    if (!this.#known.has(key)) {
      const isKept = await this.#forward({ ...push, messages: [] });
      if (!isKept || push.messages.length === 0) return isKept;
    }
    this.#remember(key);
    const isTaken = await this.#forward(push);
    if (!isTaken) this.#known.delete(key);
    return isTaken;
  }

  #remember(key: string): void {
    this.#known.delete(key);
    this.#known.add(key);
    const [oldest] = this.#known;
    if (this.#known.size > maxKnown && oldest !== undefined) this.#known.delete(oldest);
  }

  #forward(push: Push): Promise<boolean> {
    const { send, uuid, clock } = this.#config;
    const id = uuid();
    return new Promise((resolve) => {
      let timer: Timer | undefined = undefined;
      const settle = (isTaken: boolean): void => {
        clock.clearTimeout(timer);
        this.#waiting.delete(id);
        resolve(isTaken);
      };
      timer = clock.setTimeout(() => settle(false), answerWithinMs);
      this.#waiting.set(id, settle);
      send({ is: 'push', id, push });
    });
  }

  received(message: PushMessage): void {
    if (message.is === 'pushed') return this.#waiting.get(message.id)?.(message.isTaken);
    const isTaken = this.#config.take(message.push);
    if (isTaken !== undefined) this.#config.send({ is: 'pushed', id: message.id, isTaken });
  }

  /** Settles all pending calls. */
  stop(): void {
    for (const settle of [...this.#waiting.values()]) settle(false);
  }
}

export function isPushMessage(message: unknown): message is PushMessage {
  const { is } = Object(message) as { readonly is?: unknown };
  return is === 'push' || is === 'pushed';
}
