// Undo and redo, by button or by key.

import { type ReactElement, useEffect } from 'react';
import { useUndo } from 'triplane/react';

import { db } from './db.ts';
import { Icon } from './icon.tsx';
import { redo, undo } from './writes.ts';

export function UndoButtons(): ReactElement {
  const { canUndo, canRedo } = useUndo(db);
  useEffect(() => {
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
  return (
    <div className="pair">
      <button className="button icon-only" aria-label="Undo" title="Undo (Ctrl Z)" disabled={!canUndo} onClick={undo}>
        <Icon name="undo" />
      </button>
      <button className="button icon-only" aria-label="Redo" title="Redo (Ctrl Shift Z)" disabled={!canRedo} onClick={redo}>
        <Icon name="redo" />
      </button>
    </div>
  );
}

/** In a text field, the browser undoes the typing. */
function onKey(event: KeyboardEvent): void {
  const isTyping = event.target instanceof Element && event.target.matches('input, textarea');
  if (isTyping || !(event.ctrlKey || event.metaKey) || event.altKey) return;
  const key = event.key.toLowerCase();
  if (key !== 'z' && key !== 'y') return;
  event.preventDefault();
  if (key === 'y' || event.shiftKey) redo();
  else undo();
}
