// The comments of a task, and who is typing one.

import { type FormEvent, type ReactElement, useState } from 'react';

import { type Comment, db, type Room, type Task } from './db.ts';
import { Icon } from './icon.tsx';
import { Badge } from './people.tsx';
import { ago } from './time.ts';
import { addComment, removeComment } from './writes.ts';

export function Comments({ task, room }: { readonly task: Task; readonly room: Room }): ReactElement {
  const [text, setText] = useState('');
  const { active, inputProps } = db.rooms.useTypingIndicator(room, `comment-${task.id}`, { stopOnEnter: true });
  const comments = [...task.comments].sort((a, b) => a.createdAt - b.createdAt);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (text.trim() === '') return;
    addComment(task, text.trim());
    setText('');
  };
  return (
    <section className="comments" aria-label="Comments">
      <h3>Comments</h3>
      {comments.length === 0 && <p className="soft">Nobody has said anything yet.</p>}
      <ol>
        {comments.map((comment) => (
          <OneComment key={comment.id} comment={comment} />
        ))}
      </ol>
      <p className="typing soft">{active.length > 0 && `${active.map(({ name }) => name).join(', ')} …`}</p>
      <form onSubmit={submit}>
        <input
          aria-label="New comment"
          placeholder="Say something"
          value={text}
          onChange={({ target }) => setText(target.value)}
          {...inputProps}
        />
        <button className="button main" disabled={text.trim() === ''}>
          Send
        </button>
      </form>
    </section>
  );
}

function OneComment({ comment }: { readonly comment: Comment }): ReactElement {
  const { author, colour, text, createdAt } = comment;
  return (
    <li>
      <Badge name={author} colour={colour} />
      <div>
        <p className="soft">
          <b>{author}</b> {ago(createdAt, Date.now())}
        </p>
        <p>{text}</p>
      </div>
      <button className="button icon-only" aria-label="Delete comment" title="Delete" onClick={() => removeComment(comment)}>
        <Icon name="close" />
      </button>
    </li>
  );
}
