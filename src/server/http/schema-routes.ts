// Schema and rules for tools: read, plan and apply. The same under `/dash/apps/<id>` and `/superadmin/apps/<id>`.

import { Hono, type Context } from 'hono';
import { InstantAPIError } from '../../errors.ts';
import { isUuid } from '../../lib/uuid.ts';
import { isObject } from '../../lib/json.ts';
import type { App } from '../session/app.ts';
import { submit, whenDurable } from '../data/submit.ts';
import { asObject, bodyOf, required } from './request.ts';
import { requireAdmin } from './caller.ts';
import type { HttpContext } from './context.ts';
import { malformed } from './errors.ts';
import { planSchema } from './schema-plan.ts';
import { type Job, readSchemaSteps } from './schema-plan.ts';
import { schemaOf } from './schema-view.ts';

const adminActor = { userId: undefined, isAdmin: true };

export function schemaRoutes(http: HttpContext): Hono {
  const routes = new Hono();
  const groups = new Map<string, readonly object[]>();
  const appOf = async (context: Context): Promise<App> => {
    const id = context.req.param('app') ?? '';
    if (!isUuid(id)) throw malformed(['params', 'app_id']);
    requireAdmin(context, http.hub);
    return http.hub.app(id.toLowerCase());
  };
  const apply = async (app: App, steps: readonly (readonly unknown[])[]): Promise<object> => {
    const { transaction, jobs } = readSchemaSteps(steps);
    const txId = await submit(app.ledger, { steps: transaction, event: undefined, actor: adminActor });
    const done: object[] = [];
    for (const job of jobs) done.push(await runJob(app, job, http));
    const group = http.uuid();
    if (done.length > 0) rememberGroup(groups, group, done);
    return {
      transaction: { id: txId, app_id: app.id, created_at: new Date(http.clock.now()).toISOString(), results: {} },
      steps,
      'indexing-jobs': done.length > 0 ? { 'group-id': group, jobs: done } : null,
    };
  };

  for (const path of ['/dash/apps/:app', '/superadmin/apps/:app']) {
    routes.get(path, async (context) => context.json({ app: { id: (await appOf(context)).id, title: 'Triplane' } }));
    for (const end of ['/schema/pull', '/schema']) {
      routes.get(path + end, async (context) => {
        const app = await appOf(context);
        return context.json(await whenDurable(app.ledger, () => schemaOf(app.ledger.db.attrs)));
      });
    }
    routes.post(`${path}/schema/steps/apply`, async (context) => {
      const app = await appOf(context);
      return context.json(await apply(app, required(await bodyOf(context), 'steps', asSteps)));
    });
    for (const isApplied of [false, true]) {
      routes.post(`${path}/schema/push/${isApplied ? 'apply' : 'plan'}`, async (context) => {
        const app = await appOf(context);
        const schema = required(await bodyOf(context), 'schema', asObject);
        const plan = await whenDurable(app.ledger, () => {
          const { attrs } = app.ledger.db;
          const current = schemaOf(attrs);
          return {
            'new-schema': schema,
            'current-schema': current.schema,
            'current-attrs': current.attrs,
            steps: planSchema(schema, attrs, http.uuid),
          };
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
    routes.get(`${path}/indexing-jobs/group/:group`, async (context) => {
      await appOf(context);
      return context.json({ jobs: groups.get(context.req.param('group')) ?? [] });
    });
  }
  return routes;
}

/** How many groups of finished jobs can still be asked for. */
const maxGroups = 100;

function rememberGroup(groups: Map<string, readonly object[]>, group: string, jobs: readonly object[]): void {
  groups.set(group, jobs);
  const [oldest] = groups.keys();
  if (groups.size > maxGroups && oldest !== undefined) groups.delete(oldest);
}

/** Done at once, whatever comes of it. */
async function runJob(app: App, { step, type, attrId, name }: Job, http: HttpContext): Promise<object> {
  const at = new Date(http.clock.now()).toISOString();
  const base = {
    id: http.uuid(),
    app_id: app.id,
    attr_id: attrId,
    attr_name: name,
    job_type: type,
    created_at: at,
    updated_at: at,
    done_at: at,
  };
  try {
    await submit(app.ledger, { steps: [step], event: undefined, actor: adminActor });
    return { ...base, job_status: 'completed', work_estimate: 0, work_completed: 0 };
  } catch (error) {
    if (!(error instanceof InstantAPIError)) throw error;
    const kinds: Readonly<Record<string, string>> = {
      unique: 'triple-not-unique-error',
      required: 'missing-required-error',
      'check-data-type': 'invalid-triple-error',
    };
    return { ...base, job_status: 'errored', error: kinds[type] ?? 'unexpected-error', error_data: { message: error.message } };
  }
}

function asSteps(given: unknown): readonly (readonly unknown[])[] | undefined {
  return Array.isArray(given) && given.every((step) => Array.isArray(step) && (isObject(step[1]) || typeof step[1] === 'string'))
    ? (given as readonly (readonly unknown[])[])
    : undefined;
}
