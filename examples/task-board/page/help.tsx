// The keys.

import type { ReactElement } from 'react';

import { Icon } from './icon.tsx';
import { Menu } from './menu.tsx';

const keys = [
  ['← ↑ ↓ →', 'go from task to task'],
  ['Shift and an arrow', 'move the task'],
  ['Enter', 'open it'],
  ['N', 'a new task in this column'],
  ['Delete', 'delete it'],
  ['Ctrl Z, Ctrl Shift Z', 'undo, redo'],
  ['Esc', 'close, or let go of what is dragged'],
] as const;

export function Help(): ReactElement {
  return (
    <Menu
      className="help"
      button={
        <summary className="button icon-only" aria-label="Keys" title="Keys">
          <Icon name="help" />
        </summary>
      }
    >
      <dl className="popover">
        {keys.map(([key, what]) => (
          <div key={key}>
            <dt>{key}</dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Menu>
  );
}
