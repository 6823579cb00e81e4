// A text field that saves on Enter or blur. Until the user types, it shows the changes of others.

import { type KeyboardEvent, type ReactElement, useState } from 'react';

interface Props {
  readonly label: string;
  readonly value: string;
  readonly isRequired?: boolean;
  readonly isLong?: boolean;
  readonly onSave: (text: string) => void;
}

export function TextField({ label, value, isRequired, isLong, onSave }: Props): ReactElement {
  const [draft, setDraft] = useState<string>();
  const save = (): void => {
    const text = draft?.trim();
    setDraft(undefined);
    if (text !== undefined && text !== value && !(isRequired && text === '')) onSave(text);
  };
  const onKeyDown = (event: KeyboardEvent<HTMLElement>): void => {
    if (event.key === 'Escape' && draft !== undefined) {
      event.stopPropagation();
      setDraft(undefined);
    }
    if (event.key !== 'Enter' || (isLong && !event.ctrlKey && !event.metaKey)) return;
    event.preventDefault();
    event.currentTarget.blur();
  };
  const field = {
    'aria-label': label,
    value: draft ?? value,
    onBlur: save,
    onKeyDown,
    onChange: ({ target }: { readonly target: { readonly value: string } }) => setDraft(target.value),
  };
  return isLong ? <textarea {...field} rows={4} placeholder={label} /> : <textarea {...field} rows={1} className="big" />;
}
