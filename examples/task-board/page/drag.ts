// Dragging a card with the pointer. A copy of the card follows the pointer, so React only renders when the drop position changes.

export interface DropTarget {
  readonly status: string;
  /** Among the others of the column. */
  readonly target: number;
}

export interface DragEvents {
  /** The pointer has moved far enough for a drag. */
  begun(): void;
  over(target: DropTarget | undefined): void;
  /** Undefined if the card was dropped outside, or the drag was cancelled. */
  ended(target: DropTarget | undefined): void;
}

/** In pixels. A shorter movement is a click. */
const slack = 5;
/** In pixels from the edge: where the board begins to scroll. */
const edge = 48;

export function followPointer(card: HTMLElement, start: PointerEvent, on: DragEvents): void {
  const listening = new AbortController();
  let ghost: HTMLElement | undefined;
  let target: DropTarget | undefined;

  const end = (dropped: DropTarget | undefined): void => {
    listening.abort();
    if (!ghost) return;
    ghost.remove();
    swallowClick();
    on.ended(dropped);
  };
  const move = (event: PointerEvent): void => {
    const [x, y] = [event.clientX - start.clientX, event.clientY - start.clientY];
    if (!ghost) {
      if (Math.hypot(x, y) < slack) return;
      ghost = copyOf(card);
      on.begun();
    }
    ghost.style.transform = `translate(${x}px, ${y}px) rotate(2deg)`;
    scrollAlong(event);
    const now = dropTargetAt(event, card);
    if (now?.status === target?.status && now?.target === target?.target) return;
    target = now;
    on.over(target);
  };

  const { signal } = listening;
  addEventListener('pointermove', move, { signal });
  addEventListener('pointerup', () => end(target), { signal });
  addEventListener('pointercancel', () => end(undefined), { signal });
  addEventListener('keydown', ({ key }) => key === 'Escape' && end(undefined), { signal });
}

function copyOf(card: HTMLElement): HTMLElement {
  const { left, top, width } = card.getBoundingClientRect();
  const copy = document.createElement('div');
  copy.className = 'ghost';
  copy.ariaHidden = 'true';
  Object.assign(copy.style, { left: `${left}px`, top: `${top}px`, width: `${width}px` });
  copy.append(...[...card.children].map((child) => child.cloneNode(true)));
  document.body.append(copy);
  return copy;
}

function dropTargetAt({ clientX, clientY }: PointerEvent, card: HTMLElement): DropTarget | undefined {
  const column = document.elementFromPoint(clientX, clientY)?.closest<HTMLElement>('[data-status]');
  const { status } = column?.dataset ?? {};
  if (!column || status === undefined) return undefined;
  const above = [...column.querySelectorAll<HTMLElement>('[data-task]')].filter((other) => {
    const { top, height } = other.getBoundingClientRect();
    return other.dataset['task'] !== card.dataset['task'] && top + height / 2 < clientY;
  });
  return { status, target: above.length };
}

function scrollAlong({ clientX }: PointerEvent): void {
  const scroller = document.querySelector('.scroller');
  if (!scroller) return;
  const { left, right } = scroller.getBoundingClientRect();
  if (clientX < left + edge) scroller.scrollBy({ left: -12 });
  else if (clientX > right - edge) scroller.scrollBy({ left: 12 });
}

/** The click event that the browser fires after the drop. */
function swallowClick(): void {
  const listening = new AbortController();
  const stop = (event: Event): void => {
    event.stopPropagation();
    event.preventDefault();
  };
  addEventListener('click', stop, { capture: true, signal: listening.signal });
  setTimeout(() => listening.abort());
}
