// Listening to what a database does. What makes events of it is loaded with the first listener; what happens until then waits.

import type { DatabaseEventType, EventListener } from '../../types/events.ts';
import type { ClientContext } from '../context.ts';
import type { TimedTraceEvent, TraceEvent } from '../config.ts';
import { asError } from '../client-errors.ts';

/** Without a listener, each event is a line in the log. Gives what ends it. */
export function observe(context: ClientContext, type: DatabaseEventType, listener?: EventListener): () => void {
  context.assertOpen();
  const { events, config } = context;
  const traceEvents: TimedTraceEvent[] = [];
  let flush = (): void => {};
  const record = (...traceEvent: TraceEvent): void => {
    traceEvents.push([config.clock.now(), ...traceEvent]);
    flush();
  };
  const stop = (): void => void events.off('fact', record);
  events.on('fact', record);
  import('./observer.ts').then(
    ({ observer }) => {
      flush = observer(context, type, traceEvents, () => events.listeners('fact').includes(record), listener);
      flush();
    },
    (error: unknown) => {
      stop();
      context.report(asError(error, 'unreachable'));
    },
  );
  return stop;
}
