// An arrow, as a cursor of somebody else is drawn.

import { createElement, type ReactElement } from 'react';

export function CursorShape({ color = 'black' }: { readonly color?: string | undefined }): ReactElement {
  const path = createElement('path', { d: 'M2 2l7 20 3-9 9-3z', fill: color, stroke: 'white', strokeWidth: 2, strokeLinejoin: 'round' });
  return createElement('svg', { width: 28, height: 28, viewBox: '0 0 24 24', 'aria-hidden': true }, path);
}
