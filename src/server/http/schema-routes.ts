// Schema and rules for tools: read, plan and apply. The same routes under `/dash/apps/<id>` and `/superadmin/apps/<id>`.

import { Hono, type Context } from 'hono';
import { isObject } from '../../lib/json.ts';
import type { App } from '../session/app.ts';
import { checkUse } from '../session/app-status.ts';
import { submit, whenDurable } from '../data/submit.ts';
import { adminActor } from '../data/system-rules.ts';
import { asObject, bodyOf, optional, required } from './request.ts';
import { shownApp, titleOf } from './app-view.ts';
import { toolApp } from './caller.ts';
import type { HttpContext } from './context.ts';
import { runJob } from './schema-job-runs.ts';
import { checkAttrs, FinishedJobs, isJobStep, readSchemaSteps } from './schema-jobs.ts';
import { jobRoutes } from './job-routes.ts';
import { planForTools } from './schema-tools.ts';
import { schemaOf } from './schema-view.ts';

export function schemaRoutes(http: HttpContext): Hono {
  const routes = new Hono();
  const finished = new FinishedJobs();
  const appOf = (context: Context): Promise<App> => toolApp(context, http);
  const apply = async (app: App, steps: readonly (readonly unknown[])[]): Promise<object> => {
    if (steps.length > 0) checkUse('write', app.status);
    const { transaction, jobs } = readSchemaSteps(steps);
    checkAttrs(jobs, transaction, app.ledger.db.attrs);
    const created_at = new Date(http.clock.now()).toISOString();
    const txId = transaction.length > 0 && (await submit(app.ledger, { steps: transaction, event: undefined, actor: adminActor }));
    const started: object[] = [];
    const ended: object[] = [];
    const around = { group: http.uuid(), now: () => http.clock.now() };
    const ids = jobs.map(() => http.uuid());
    for (const [at, job] of jobs.entries()) {
      const run = await runJob(app, job, { id: ids[at] ?? '', ...around });
      started.push(run.started);
      ended.push(run.ended);
    }
    if (ended.length > 0) finished.remember(app.id, around.group, ended);
    return {
      // Each step refers to its job.
      steps: steps.map(([type, about]) =>
        isJobStep(type) && isObject(about) ? [type, { ...about, 'job-id': ids.shift() }] : [type, about],
      ),
      transaction: txId === false ? {} : { id: txId, app_id: app.id, created_at, results: {} },
      'indexing-jobs': started.length > 0 ? { 'group-id': around.group, jobs: started } : null,
    };
  };

  for (const path of ['/dash/apps/:app', '/superadmin/apps/:app']) {
    routes.get(path, async (context) => context.json({ app: shownApp(await appOf(context)) }));
    for (const end of ['/schema/pull', '/schema']) {
      routes.get(path + end, async (context) => {
        const app = await appOf(context);
        const pulled = await whenDurable(app.ledger, () => schemaOf(app.ledger.db.attrs, titleOf(app)));
        return context.json(end === '/schema' ? { schema: pulled.schema } : pulled);
      });
    }
    routes.post(`${path}/schema/steps/apply`, async (context) => {
      const app = await appOf(context);
      return context.json(await apply(app, required(await bodyOf(context), 'steps', asSteps)));
    });
    for (const isApplied of [false, true]) {
      routes.post(`${path}/schema/push/${isApplied ? 'apply' : 'plan'}`, async (context) => {
        const app = await appOf(context);
        const body = await bodyOf(context);
        const options = { isBackground: body.supports_background_updates === true, checksTypes: body.check_types !== false };
        const plan = await whenDurable(app.ledger, () => {
          const { attrs } = app.ledger.db;
          const current = schemaOf(attrs);
          const planned = planForTools(optional(body, 'schema', asObject), attrs, http.uuid, options);
          return { ...planned, 'current-schema': current.schema, 'current-attrs': current.attrs };
        });
        return context.json(isApplied ? { ...plan, ...(await apply(app, plan.steps)) } : plan);
      });
    }
    for (const end of ['/perms/pull', '/perms']) {
      routes.get(path + end, async (context) => context.json({ perms: (await appOf(context)).rulebook.json ?? null }));
    }
    for (const end of ['/rules', '/perms']) {
      routes.post(path + end, async (context) => {
        const app = await appOf(context);
        const code = required(await bodyOf(context), 'code', (given) => given);
        const { version, warnings } = await app.rulebook.set(app.ledger, code);
        const rules = version === undefined ? null : { app_id: app.id, code, version };
        return context.json(warnings.length > 0 ? { rules, warnings } : { rules });
      });
    }
  }
  routes.route('/', jobRoutes(http, finished));
  return routes;
}

function asSteps(given: unknown): readonly (readonly unknown[])[] | undefined {
  return Array.isArray(given) && given.every((step) => Array.isArray(step) && (isObject(step[1]) || typeof step[1] === 'string'))
    ? (given as readonly (readonly unknown[])[])
    : undefined;
}
