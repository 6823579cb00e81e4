// Listening to what a database does. What makes events of it is loaded with the first listener; what happens until then waits.

import type { DatabaseEventType, EventListener } from '../types/events.ts';
import type { Back } from './desk.ts';
import type { DatedFact, Fact } from './fact.ts';
import { asError } from './trouble.ts';

/** Without a listener, each event is a line in the log. Gives what ends it. */
export function observe(back: Back, type: DatabaseEventType, listener?: EventListener): () => void {
  back.assertOpen();
  const { events, config } = back;
  const facts: DatedFact[] = [];
  let retell = (): void => {};
  const note = (...fact: Fact): void => {
    facts.push([config.clock.now(), ...fact]);
    retell();
  };
  const stop = (): void => void events.off('fact', note);
  events.on('fact', note);
  import('./observer.ts').then(
    ({ observer }) => {
      retell = observer(back, type, facts, () => events.listeners('fact').includes(note), listener);
      retell();
    },
    (error: unknown) => {
      stop();
      back.report(asError(error, 'unreachable'));
    },
  );
  return stop;
}
