// The dragged card, as state for the columns.

import { type PointerEvent, useCallback, useEffect, useRef, useState } from 'react';

import { followPointer, type DropTarget } from './drag.ts';

export interface Drag {
  readonly taskId: string;
  readonly over: DropTarget | undefined;
}

export type Lift = (event: PointerEvent<HTMLElement>, taskId: string) => void;

export function useDrag(drop: (taskId: string, place: DropTarget) => void): { readonly drag: Drag | undefined; readonly lift: Lift } {
  const [drag, setDrag] = useState<Drag>();
  const newest = useRef(drop);
  useEffect(() => void (newest.current = drop));
  const lift = useCallback<Lift>((event, taskId) => {
    const isByGrip = event.target instanceof Element && event.target.closest('.grip') !== null;
    if (event.button !== 0 || (event.pointerType !== 'mouse' && !isByGrip)) return;
    followPointer(event.currentTarget, event.nativeEvent, {
      begun: () => setDrag({ taskId, over: undefined }),
      over: (over) => setDrag({ taskId, over }),
      ended: (place) => {
        setDrag(undefined);
        if (place) newest.current(taskId, place);
      },
    });
  }, []);
  return { drag, lift };
}
