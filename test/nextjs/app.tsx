// A page as Next.js would have it: rendered on a server, taken over in the browser. Both run this file.

import { StrictMode, Suspense } from 'react';

import { i } from '../../src/schema/schema.ts';
import { init, InstantSuspenseProvider } from '../../src/nextjs/index.ts';
import type { User } from '../../src/index.ts';

export const schema = i.schema({
  entities: { goals: i.entity({ title: i.string(), due: i.date().optional() }), others: i.entity({ title: i.string() }) },
});

export interface Settings {
  readonly appId: string;
  readonly apiURI: string;
  readonly websocketURI: string;
}

export function makeApp(settings: Settings, drew: (what: string) => void = () => {}) {
  const db = init({ ...settings, schema, firstPartyPath: '/api/instant', useDateObjects: true });

  function Goals() {
    const { data } = db.useSuspenseQuery({ goals: { $: { order: { serverCreatedAt: 'asc' } } } });
    const text = data.goals.map(({ title, due }) => `${title} ${due instanceof Date ? due.getUTCFullYear() : due}`).join('|');
    drew(`goals ${text}`);
    return <p id="goals">{text}</p>;
  }

  function Later() {
    const { isLoading, data } = db.useQuery({ others: {} });
    return <p id="later">{isLoading ? 'loading' : data?.others.length}</p>;
  }

  function Who() {
    const { isLoading, user } = db.useAuth();
    return <p id="who">{isLoading ? 'loading' : (user?.email ?? 'nobody')}</p>;
  }

  function Page({ user, settings: hydrated }: { user: User | null; settings: Settings }) {
    return (
      <html lang="en">
        <head>
          <title>Goals</title>
        </head>
        <body>
          <StrictMode>
            <InstantSuspenseProvider db={db} user={user} nonce="n0nce">
              <Who />
              <Suspense fallback={<p id="fallback">loading goals</p>}>
                <Goals />
              </Suspense>
              <Later />
            </InstantSuspenseProvider>
          </StrictMode>
          <script
            id="settings"
            type="application/json"
            dangerouslySetInnerHTML={{ __html: JSON.stringify({ user, settings: hydrated }) }}
          />
        </body>
      </html>
    );
  }
  return { db, Page };
}
