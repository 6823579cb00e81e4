// Explains permissions: runs a query or a write as another user, and returns every check with the data it evaluated.

import { Hono, type Context } from 'hono';
import { compile } from '../../query/compile.ts';
import type { Db } from '../../db/db.ts';
import { isDue, spend } from '../../query/pass.ts';
import { answerSteps } from '../../query/result-triples.ts';
import type { AuthorizeWrite } from '../data/touched.ts';
import { prepareSteps } from '../data/transact.ts';
import type { App } from '../session/app.ts';
import { invalid } from '../errors.ts';
import { inSlices } from '../slices.ts';
import { asJson } from '../rules/cel/json.ts';
import { type Entity, entityFields, entityRecord, sharedVariables } from '../rules/entities.ts';
import { Fields } from '../rules/fields.ts';
import type { Guard, Verdict } from '../rules/guard.ts';
import { absent } from '../rules/write-checks.ts';
import { cannotEvaluate, type Rule } from '../rules/rule.ts';
import type { Use } from '../session/app-status.ts';
import { submit, whenDurable } from '../data/submit.ts';
import type { Steps } from '../data/write.ts';
import type { Actor } from '../data/system-rules.ts';
import { treeOf } from './admin-data.ts';
import { ruleErrorHeaders } from './rule-errors.ts';
import { asSteps, asFlag, asObject, asText, asYes, bodyOf, type Fields as Body, optional, required } from './request.ts';
import { listTextSteps } from '../list-text.ts';
import { bodyInParts } from './body-in-parts.ts';
import { streamed } from './streamed-answers.ts';
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
    const left = leftSignal(context);
    const { text, faults } = await treeOf(app, query, { actor, isInferred, guard, left });
    const checks = await app.reader.evaluate(actor, (db) => viewChecks(db, query, actor, guard), left);
    const results = await inSlices(listTextSteps(checks));
    const parts = ['{"result":', ...text.parts, ',"rule-wheres":null,"check-results":', ...results, '}'];
    return inParts(parts, context, http, ruleErrorHeaders(faults));
  });

  routes.post('/transact_perms_check', async (context) => {
    const trial = await trialOf(context, http, 'write');
    const isCommitted = optional(trial.body, 'dangerously-commit-tx', asFlag) ?? false;
    const { txId, steps, verdicts } = await tryOut(trial, http);
    for (const { check, error } of verdicts) if (error !== undefined && check.rule) throw cannotEvaluate(check.rule, error);
    const areAllOk = verdicts.every(({ isPassed }) => isPassed);
    const { app, actor } = trial;
    const doesCommit = isCommitted && areAllOk;
    const id = doesCommit ? await submit(app.ledger, { steps, event: undefined, actor }) : txId;
    const outcome = { 'tx-id': id, 'all-checks-ok?': areAllOk, 'committed?': doesCommit };
    const results = await inSlices(listTextSteps(verdicts, { shown: writeCheck }));
    return inParts([`${JSON.stringify(outcome).slice(0, -1)},"check-results":`, ...results, '}'], context, http);
  });

  return routes;
}

function inParts(parts: readonly string[], context: Context, http: HttpContext, headers: Record<string, string> = {}): Response {
  return context.body(streamed(context, http, bodyInParts(parts, http.unread)), 200, { ...headers, 'content-type': 'application/json' });
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

interface Tried {
  /** Of the transaction that it would be. */
  readonly txId: number;
  readonly steps: Steps;
  readonly verdicts: readonly Verdict[];
}

async function tryOut({ app: { ledger }, actor, guard, body }: Trial, { uuid, clock }: HttpContext): Promise<Tried> {
  const areMissingAttrsRejected = optional(body, 'throw-on-missing-attrs?', asYes) ?? false;
  const given = required(body, 'steps', asSteps);
  const [snapshot, deleted] = await whenDurable(ledger, () => [ledger.snapshot(), ledger.deletedAttrs] as const);
  let verdicts: readonly Verdict[] = [];
  const authorizeWrite: AuthorizeWrite = function* (access) {
    verdicts = yield* guard.review(access);
  };
  const { db, txId } = snapshot;
  try {
    const steps = await inSlices(txSteps(given, { attrs: db.attrs, uuid, areMissingAttrsRejected }));
    await inSlices(prepareSteps(db, deleted, steps, { actor, at: clock.now(), uuid, authorizeWrite }));
    return { txId: txId + 1, steps, verdicts };
  } finally {
    ledger.release(snapshot);
  }
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

/** A record, and a rule applied to it. */
const workOfCheck = 30;

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
  const checks: object[] = [];
  for (const [etype, id] of entities.values()) {
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
    checks.push(check(null, guard.rules.find(etype, 'view')), ...fields);
    spend(workOfCheck * (1 + fields.length));
    if (isDue()) yield;
  }
  return checks;
}
