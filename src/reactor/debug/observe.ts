// `db.on`: records trace events from the call on. The module that formats them loads with the first listener, and receives those recorded
// meanwhile.

import type { DatabaseEventType, EventListener } from '../../types/events.ts';
import type { ClientContext } from '../context.ts';
import type { TimedTraceEvent, TraceEvent } from '../config.ts';
import { asError } from '../client-errors.ts';
import { lazy } from '../lazy.ts';
import { guarded } from '../notify.ts';

const loadObserver = lazy(() => import('./observer.ts'));

/** Without a listener, each event is a line in the log. Returns an unsubscribe function. */
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
  loadObserver().then(
    ({ observer }) => {
      flush = observer(context, type, traceEvents, () => events.listeners('fact').includes(record), listener);
      flush();
    },
    (error: unknown) => {
      stop();
      if (!context.isOpen) return;
      const event = { type: 'error', atMs: config.clock.now(), error: asError(error) } as const;
      if (type === 'error' || type === '*') guarded(() => listener?.(event), (again) => config.log.error(again)); // prettier-ignore
      context.report(event.error);
    },
  );
  return stop;
}
