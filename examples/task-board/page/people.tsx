// The users who view this project: the others as badges, and the own name, which can be edited.

import { type CSSProperties, type ReactElement, useState } from 'react';

import { db, type Room } from './db.ts';
import { me, setName } from './me.ts';
import { Menu } from './menu.tsx';

const most = 5;

export function People({ room, taskId }: { readonly room: Room; readonly taskId: string | undefined }): ReactElement {
  const { name, colour } = me.use();
  const { peers } = db.rooms.usePresence(room, { keys: ['name', 'colour'], user: false });
  db.rooms.useSyncPresence(room, { name, colour, taskId: taskId ?? '' });
  const others = Object.values(peers);
  return (
    <ul className="people" aria-label="Also here">
      {others.slice(0, most).map((peer) => (
        <li key={peer.peerId}>
          <Badge name={peer.name} colour={peer.colour} />
        </li>
      ))}
      {others.length > most && <li className="more">+{others.length - most}</li>}
    </ul>
  );
}

export function Me(): ReactElement {
  const { name, colour } = me.use();
  const [draft, setDraft] = useState(name);
  return (
    <Menu
      className="me"
      button={
        <summary aria-label={`You are ${name}`}>
          <Badge name={name} colour={colour} />
        </summary>
      }
    >
      <form
        className="popover"
        onSubmit={(event) => {
          event.preventDefault();
          event.currentTarget.closest('details')?.removeAttribute('open');
          if (draft.trim() !== '') setName(draft.trim());
        }}
      >
        <label>
          Others see you as
          <input value={draft} onChange={(event) => setDraft(event.target.value)} />
        </label>
        <button className="button main">OK</button>
      </form>
    </Menu>
  );
}

export function Badge({ name, colour }: { readonly name: string | undefined; readonly colour: string | undefined }): ReactElement {
  return (
    <span className="badge" title={name} style={{ '--who': colour } as CSSProperties}>
      {[...(name ?? '?')][0]?.toUpperCase()}
    </span>
  );
}
