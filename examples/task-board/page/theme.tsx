// The colour scheme: light, dark, or the system's.

import { type ReactElement, useEffect } from 'react';

import { Icon } from './icon.tsx';
import { newValue } from './value.ts';

const key = 'task-board:theme';
const next = { system: 'light', light: 'dark', dark: 'system' } as const;
type Choice = keyof typeof next;

const chosen = newValue<Choice>((localStorage.getItem(key) as Choice | null) ?? 'system');

export function Theme(): ReactElement {
  const theme = chosen.use();
  useEffect(() => {
    document.documentElement.dataset['theme'] = theme;
    localStorage.setItem(key, theme);
  }, [theme]);
  return (
    <button
      className="button icon-only"
      aria-label={`Colours: ${theme}`}
      title={`Colours: ${theme}`}
      onClick={() => chosen.set(next[theme])}
    >
      <Icon name="theme" />
    </button>
  );
}
