// Shown in place of a board: empty, deleted, loading, or an error.

import type { ReactElement } from 'react';

import { columns } from './columns.ts';
import { useConnectionState } from './line.tsx';
import { NewProject } from './new-project.tsx';

/** Nothing is cached and the server cannot be reached, which is not an error of the query. */
export function isUnreachable(error: { readonly message: string }): boolean {
  return 'code' in error && error.code === 'unreachable';
}

export function Loading(): ReactElement {
  const { isOffline } = useConnectionState();
  if (isOffline) {
    return (
      <section className="state">
        <h2>Nothing is on this device yet</h2>
        <p>The board was never opened here. It comes as soon as there is a line to the server.</p>
      </section>
    );
  }
  return (
    <div className="columns" aria-busy="true" aria-label="Loading">
      {columns.map(({ status }, at) => (
        <div className="column" key={status}>
          <div className="box">
            {Array.from({ length: 3 - (at % 3) }, (_, card) => (
              <div className="card shade" key={card} />
            ))}
          </div>
        </div>
      ))}
    </div>
  );
}

export function NoProject(): ReactElement {
  return (
    <section className="state">
      <h2>Begin with a project</h2>
      <p>It has tasks, and whoever opens this page sees them move. Nothing has to be saved, and nothing is lost without a network.</p>
      <NewProject />
    </section>
  );
}

export function Gone({ what }: { readonly what: string }): ReactElement {
  return (
    <section className="state">
      <h2>This {what} is gone</h2>
      <p>Somebody deleted it, or the address is not right.</p>
      <a className="button" href="#/">
        To the board
      </a>
    </section>
  );
}

export function Fault({ error }: { readonly error: { readonly message: string } }): ReactElement {
  return (
    <section className="state" role="alert">
      <h2>That did not work</h2>
      <p>{error.message}</p>
      <button className="button" onClick={() => location.reload()}>
        Try again
      </button>
    </section>
  );
}
