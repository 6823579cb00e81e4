// The cursor of another user, with the name.

import type { CSSProperties, ReactElement } from 'react';

interface Props {
  readonly color: string;
  readonly presence: { readonly name?: string };
}

export function CursorOf({ color, presence }: Props): ReactElement {
  return (
    <div className="cursor" style={{ '--who': color } as CSSProperties}>
      <svg viewBox="0 0 24 24" aria-hidden="true">
        <path d="M3 2l6 18 3-8 8-3z" />
      </svg>
      <span>{presence.name}</span>
    </div>
  );
}
