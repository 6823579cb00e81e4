// The field at the end of a column: Enter adds a task and clears the field.

import { type FormEvent, type ReactElement, useState } from 'react';

interface Props {
  readonly column: string;
  readonly onAdd: (title: string) => void;
}

export function NewTask({ column, onAdd }: Props): ReactElement {
  const [title, setTitle] = useState('');
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (title.trim() === '') return;
    onAdd(title.trim());
    setTitle('');
  };
  return (
    <form className="new-task" onSubmit={submit}>
      <input
        aria-label={`New task in ${column}`}
        placeholder="Add a task"
        value={title}
        onChange={(event) => setTitle(event.target.value)}
      />
    </form>
  );
}
