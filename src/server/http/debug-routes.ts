// Explains permissions: runs a query or a write as another user, and returns every check with the data it evaluated.

import { Hono, type Context } from 'hono';
import { compile } from '../../query/compile.ts';
import type { Db } from '../../db/db.ts';
import { completed } from '../../lib/yielding.ts';
import { answerSteps } from '../../query/result-triples.ts';
import type { AuthorizeWrite } from '../data/touched.ts';
import { prepareSteps } from '../data/transact.ts';
import type { App } from '../session/app.ts';
import { invalid } from '../errors.ts';
import { asJson } from '../rules/cel/json.ts';
import { type Entity, entityFields, entityRecord, sharedVariables } from '../rules/entities.ts';
import { Fields } from '../rules/fields.ts';
import type { Guard, Verdict } from '../rules/guard.ts';
import { absent } from '../rules/write-checks.ts';
import { cannotEvaluate, type Rule } from '../rules/rule.ts';
import type { Use } from '../session/app-status.ts';
import { submit, whenDurable } from '../data/submit.ts';
import type { Actor } from '../data/system-rules.ts';
import { treeOf } from './admin-data.ts';
import { ruleErrorHeaders } from './rule-errors.ts';
import { asSteps, asFlag, asObject, asText, asYes, bodyOf, type Fields as Body, optional, required } from './request.ts';
import { actorOf, appIdOf, leftSignal, requireAdmin } from './caller.ts';
import type { HttpContext } from './context.ts';
import { txSteps } from './admin-steps.ts';

interface Trial {
  readonly app: App;
  readonly actor: Actor;
  readonly guard: Guard;
  readonly body: Body;
}

export function debugRoutes(http: HttpContext): Hono {
  const routes = new Hono();

  routes.post('/query_perms_check', async (context) => {
    const { app, actor, guard, body } = await trialOf(context, http, 'read');
    const query = required(body, 'query', asObject);
    const isInferred = optional(body, 'inference?', asYes) ?? false;
    const { text, faults } = await treeOf(app, query, { actor, isInferred, guard, left: leftSignal(context) });
    const headers = ruleErrorHeaders(faults);
    const checks = await app.reader.evaluate(actor, (db) => viewChecks(db, query, actor, guard), leftSignal(context));
    return context.json({ result: text, 'check-results': checks, 'rule-wheres': null }, 200, headers);
  });

  routes.post('/transact_perms_check', async (context) => {
    const trial = await trialOf(context, http, 'write');
    const isCommitted = optional(trial.body, 'dangerously-commit-tx', asFlag) ?? false;
    const { txId, steps, verdicts } = await whenDurable(trial.app.ledger, () => tryOut(trial, http));
    for (const { check, error } of verdicts) if (error !== undefined && check.rule) throw cannotEvaluate(check.rule, error);
    const areAllOk = verdicts.every(({ isPassed }) => isPassed);
    const { app, actor } = trial;
    const doesCommit = isCommitted && areAllOk;
    const id = doesCommit ? await submit(app.ledger, { steps, event: undefined, actor }) : txId;
    return context.json({ 'tx-id': id, 'all-checks-ok?': areAllOk, 'committed?': doesCommit, 'check-results': verdicts.map(writeCheck) });
  });

  return routes;
}

async function trialOf(context: Context, http: HttpContext, use: Use): Promise<Trial> {
  await requireAdmin(context, http.hub, appIdOf(context));
  const { app, actor, isImpersonated } = await actorOf(context, http, use);
  if (!isImpersonated)
    throw invalid('non-admin', 'non-admin', [
      { message: 'admins pass every check: say whom to check for, with as-email, as-token or as-guest' },
    ]);
  const body = await bodyOf(context);
  const rules = optional(body, 'rules-override', (given) => given);
  const ip = optional(body, 'ip-override', asText);
  const origin = optional(body, 'origin-override', asText);
  const guard = rules === undefined ? app.rulebook.guard : await app.rulebook.trial(rules);
  return { app, actor: { ...actor, ...(ip !== undefined && { ip }), ...(origin !== undefined && { origin }) }, guard, body };
}

function tryOut(
  { app, actor, guard, body }: Trial,
  http: HttpContext,
): { txId: number; steps: readonly (readonly unknown[])[]; verdicts: Verdict[] } {
  const { ledger } = app;
  const areMissingAttrsRejected = optional(body, 'throw-on-missing-attrs?', asYes) ?? false;
  const given = required(body, 'steps', asSteps);
  const steps = txSteps(given, { attrs: ledger.db.attrs, uuid: http.uuid, areMissingAttrsRejected });
  let verdicts: Verdict[] = [];
  const authorizeWrite: AuthorizeWrite = function* (access) {
    verdicts = yield* guard.review(access);
  };
  completed(prepareSteps(ledger.db, ledger.deletedAttrs, steps, { actor, at: http.clock.now(), uuid: http.uuid, authorizeWrite }));
  return { txId: ledger.txId + 1, steps, verdicts };
}

function programOf(rule: Rule | undefined): object {
  return rule ? { etype: rule.etype, action: rule.action, code: rule.code, 'display-code': rule.displayCode } : {};
}

function writeCheck({ check, value, isPassed }: Verdict): object {
  const { scope, action, etype, eid, rule, data, newData, linked, actions, params = null, modified } = check;
  const bindings = {
    data: recordOf(data),
    ...(newData && { 'new-data': recordOf(newData) }),
    ...(linked && { 'linked-data': recordOf(linked), 'linked-etype': linked.etype }),
    ...(actions && { actions }),
    ...(scope === 'object' && { 'rule-params': params }),
    ...((action === 'create' || action === 'update') && scope === 'object' && { 'modified-fields': modified }),
  };
  return {
    scope,
    action,
    etype,
    ...(scope === 'object' && { eid }),
    program: programOf(rule),
    bindings,
    'check-result': asJson(value),
    'check-pass?': isPassed,
  };
}

function recordOf(data: Entity | Fields): unknown {
  if (data === absent) return null;
  return data instanceof Fields ? asJson(data) : entityRecord(data);
}

/** Every entity in the result of the query without rules. */
function* viewChecks(db: Db, query: Body, actor: Actor, guard: Guard): Generator<void, object[]> {
  const params = optional(query, '$$ruleParams', asObject);
  const shared = sharedVariables(guard.ruleContext(actor), db, params);
  const { triples } = yield* answerSteps(compile(query, db.attrs), db);
  const entities = new Map<string, readonly [etype: string, id: string]>();
  for (const [id, attrId] of triples) {
    const etype = db.attrs.byId(attrId)?.etype;
    if (etype !== undefined) entities.set(`${etype} ${id}`, [etype, id]);
  }
  return [...entities.values()].flatMap(([etype, id]) => {
    const entity: Entity = { etype, id, row: db.row(etype, id), db };
    const check = (label: string | null, rule: Rule | undefined): object => {
      const base = { id, entity: etype, label, record: entityRecord(entity), program: programOf(rule) };
      if (!rule) return { ...base, check: true };
      try {
        return { ...base, check: asJson(rule.value({ ...shared, data: entityFields(entity) })) };
      } catch (error) {
        throw cannotEvaluate(rule, error);
      }
    };
    const fields = guard.rules.fieldLabels(etype).map((label) => check(label, guard.rules.field(etype, label)));
    return [check(null, guard.rules.find(etype, 'view')), ...fields];
  });
}
