// Icons in the colour of the text beside them.

import type { ReactElement } from 'react';

const paths = {
  undo: 'M9 14 4 9l5-5M4 9h10a6 6 0 0 1 0 12h-3',
  redo: 'm15 14 5-5-5-5M20 9H10a6 6 0 0 0 0 12h3',
  plus: 'M12 5v14M5 12h14',
  close: 'M6 6l12 12M18 6 6 18',
  comment: 'M21 12a8 8 0 0 1-8 8H4l2-3.5A8 8 0 1 1 21 12z',
  notes: 'M5 7h14M5 12h14M5 17h8',
  trash: 'M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13',
  theme: 'M12 3a9 9 0 1 0 9 9 7 7 0 0 1-9-9z',
  help: 'M9 9a3 3 0 1 1 4.5 2.6c-1 .6-1.5 1.2-1.5 2.4M12 18h.01',
  grip: 'M9 6h.01M15 6h.01M9 12h.01M15 12h.01M9 18h.01M15 18h.01',
  warning: 'M12 4 2.5 20h19zM12 10v4M12 17h.01',
  offline: 'M3 3l18 18M8 8a6 6 0 0 0-3 11h12M10 6a6 6 0 0 1 8 5 4 4 0 0 1 2.5 6.5',
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name }: { readonly name: IconName }): ReactElement {
  return (
    <svg className="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  );
}
