// A menu that opens below its button and closes on Esc or a click elsewhere.

import { type ReactElement, type ReactNode, useEffect, useRef } from 'react';

interface Props {
  readonly className: string;
  readonly button: ReactNode;
  readonly children: ReactNode;
}

export function Menu({ className, button, children }: Props): ReactElement {
  const details = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const listening = new AbortController();
    const close = (): void => details.current?.removeAttribute('open');
    const elsewhere = ({ target }: Event): void => {
      if (!(target instanceof Node && details.current?.contains(target))) close();
    };
    addEventListener('pointerdown', elsewhere, { signal: listening.signal });
    addEventListener('keydown', ({ key }) => key === 'Escape' && close(), { signal: listening.signal });
    return () => listening.abort();
  }, []);
  return (
    <details className={className} ref={details}>
      {button}
      {children}
    </details>
  );
}
