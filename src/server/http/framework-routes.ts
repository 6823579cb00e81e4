// Questions for pages that are rendered on a server: `/runtime/framework/query`. Answered as in a session, with the attrs, so that the page
// and the server make the same result of it.

import { Hono } from 'hono';
import { answer } from '../answers.ts';
import { readQuery } from '../asked.ts';
import { checkUse } from '../status.ts';
import { whenDurable } from '../submit.ts';
import { asObject, bodyOf, required } from './call.ts';
import { appIdOf, viewerOf, whereFrom } from './caller.ts';
import type { Desk } from './desk.ts';

export function frameworkRoutes(desk: Desk): Hono {
  const routes = new Hono();

  routes.post('/framework/query', async (context) => {
    const app = await desk.hub.app(appIdOf(context));
    checkUse('read', app.status);
    const query = required(await bodyOf(context), 'query', asObject);
    const actor = { userId: await viewerOf(context, desk, app), isAdmin: false, ...whereFrom(context) };
    const answered = () => answer(readQuery(query, 'join-rows', actor, app.ledger.db.attrs, app.rulebook.guard), app.ledger.db);
    return context.json(await whenDurable(app.ledger, () => ({ attrs: app.attrs, result: answered().result })));
  });

  return routes;
}
