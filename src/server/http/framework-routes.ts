// Queries for server-side rendering: `/runtime/framework/query`. The response contains the result and the attrs, so that page and server
// build the same data.

import { Hono } from 'hono';
import { answer } from '../queries/results.ts';
import { ruleErrorHeaders } from './rule-errors.ts';
import { prepareQuery } from '../queries/prepared-query.ts';
import { checkUse } from '../session/app-status.ts';
import { asObject, bodyOf, required } from './request.ts';
import { appIdOf, addressOf, leftSignal, viewerOf } from './caller.ts';
import type { HttpContext } from './context.ts';

export function frameworkRoutes(http: HttpContext): Hono {
  const routes = new Hono();

  routes.post('/framework/query', async (context) => {
    const app = await http.hub.app(appIdOf(context));
    checkUse('read', app.status);
    const query = required(await bodyOf(context), 'query', asObject);
    const actor = { userId: await viewerOf(context, http, app), isAdmin: false, ...addressOf(context, http) };
    const { limits, rulebook } = app;
    const { body, faults } = await app.reader.evaluate(
      actor,
      function* (db) {
        const { attrs } = app;
        const computed = yield* answer(prepareQuery(query, 'join-rows', actor, db.attrs, rulebook.guard, limits), db, limits.resultLength);
        return { body: { attrs, result: computed.text ?? computed.result }, faults: computed.faults };
      },
      leftSignal(context),
    );
    return context.json(body, 200, ruleErrorHeaders(faults));
  });

  return routes;
}
