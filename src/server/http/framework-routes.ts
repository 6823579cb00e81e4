// Queries for server-side rendering: `/runtime/framework/query`. The response contains the result and the attrs, so that page and server
// build the same data.

import { Hono } from 'hono';
import { answer, JsonText } from '../queries/results.ts';
import { ruleErrorHeaders } from './rule-errors.ts';
import { prepareQuery } from '../queries/prepared-query.ts';
import { checkUse } from '../session/app-status.ts';
import { bodyInParts } from './body-in-parts.ts';
import { streamed } from './streamed-answers.ts';
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
    const { parts, faults } = await app.reader.evaluate(
      actor,
      function* (db) {
        const { attrs } = app;
        const computed = yield* answer(prepareQuery(query, 'join-rows', actor, db.attrs, rulebook.guard, limits), db, limits.resultLength);
        const { result, faults } = computed;
        const text = computed.text ?? (result instanceof JsonText ? result : new JsonText([JSON.stringify(result)]));
        return { parts: [`{"attrs":${JSON.stringify(attrs)},"result":`, ...text.parts, '}'], faults };
      },
      leftSignal(context),
    );
    const headers = { ...ruleErrorHeaders(faults), 'content-type': 'application/json' };
    return context.body(streamed(context, http, bodyInParts(parts, http.unread)), 200, headers);
  });

  return routes;
}
