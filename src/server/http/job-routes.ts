// Indexing jobs for tools: single ones, and those of a push. A job is finished when its request is answered.

import { Hono } from 'hono';
import { invalid, rejection } from '../errors.ts';
import { checkUse } from '../session/app-status.ts';
import { toolApp } from './caller.ts';
import type { HttpContext } from './context.ts';
import { malformed } from './errors.ts';
import { asText, asUuid, bodyOf, required } from './request.ts';
import { runJob } from './schema-job-runs.ts';
import { type FinishedJobs, jobNames, jobOf } from './schema-jobs.ts';

export function jobRoutes(http: HttpContext, finished: FinishedJobs): Hono {
  const routes = new Hono();

  for (const path of ['/dash/apps/:app/indexing-jobs', '/superadmin/apps/:app/indexing-jobs']) {
    routes.post(path, async (context) => {
      const app = await toolApp(context, http);
      checkUse('write', app.status);
      const body = await bodyOf(context);
      const attrId = required(body, 'attr-id', asUuid);
      const type = required(body, 'job-type', asText);
      if (!jobNames.has(type)) throw invalid('job-type', type, [{ message: `There is no job '${type}'` }]);
      const dataType = type === 'check-data-type' ? required(body, 'checked-data-type', asText) : undefined;
      if (!app.ledger.db.attrs.byId(attrId)) {
        throw rejection('record-not-found', 'Record not found: attrs', { 'attr-id': attrId, 'record-type': 'attrs' });
      }
      const job = jobOf(type, { 'attr-id': attrId, 'checked-data-type': dataType ?? null }, 0);
      const id = http.uuid();
      const { started, ended } = await runJob(app, job, { id, group: null, now: () => http.clock.now() });
      finished.remember(app.id, id, [ended]);
      return context.json({ job: started });
    });

    routes.get(`${path}/:job`, async (context) => {
      const app = await toolApp(context, http);
      const id = idIn(context.req.param('job'), 'job_id');
      return context.json({ job: finished.job(app.id, id) ?? {} });
    });

    routes.get(`${path}/group/:group`, async (context) => {
      const app = await toolApp(context, http);
      return context.json({ jobs: finished.group(app.id, idIn(context.req.param('group'), 'group_id')) });
    });
  }
  return routes;
}

function idIn(given: string, name: string): string {
  const id = asUuid(given);
  if (id === undefined) throw malformed(['params', name], given);
  return id;
}
