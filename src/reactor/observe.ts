// Listening to what a database does. What makes events of it is loaded with the first listener; what happens until then waits.

import type { DatabaseEventType, EventListener } from '../types/events.ts';
import type { Back } from './desk.ts';
import type { Fact } from './fact.ts';
import { asError } from './trouble.ts';

/** Without a listener, each event is a line in the log. Gives what ends it. */
export function observe(back: Back, type: DatabaseEventType, listener?: EventListener): () => void {
  back.assertOpen();
  const { events, config } = back;
  const early: (() => void)[] = [];
  let take = (atMs: number, fact: Fact): void => void early.push(() => take(atMs, fact));
  const note = (...fact: Fact): void => take(config.clock.now(), fact);
  const stop = (): void => {
    take = () => {};
    events.off('fact', note);
  };
  const isOn = (): boolean => events.listeners('fact').includes(note);
  events.on('fact', note);
  import('./observer.ts').then(
    ({ observer }) => {
      if (!isOn()) return;
      take = observer(back, type, isOn, listener);
      for (const retell of early) retell();
    },
    (error: unknown) => {
      stop();
      back.report(asError(error, 'unreachable'));
    },
  );
  return stop;
}
