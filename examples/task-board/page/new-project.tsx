// The form for a new project.

import { type FormEvent, type ReactElement, useState } from 'react';

import { goTo } from './route.ts';
import { addProject } from './writes.ts';

export function NewProject({ onEnd }: { readonly onEnd?: () => void }): ReactElement {
  const [name, setName] = useState('');
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (name.trim() === '') return;
    goTo(addProject(name.trim()));
    onEnd?.();
  };
  return (
    <form className="new-project" onSubmit={submit} onKeyDown={({ key }) => key === 'Escape' && onEnd?.()}>
      <input
        autoFocus
        aria-label="Name of the project"
        placeholder="Name of the project"
        value={name}
        onChange={(event) => setName(event.target.value)}
      />
      <button className="button main">Create</button>
    </form>
  );
}
