// Read and write permissions of one app under its current rules. New rules create a new guard. Admins and the server itself are not
// checked.

import type { Attrs } from '../../db/attrs.ts';
import type { Db } from '../../db/db.ts';
import type { Log } from '../../lib/log.ts';
import type { Clock } from '../../lib/clock.ts';
import { InstantAPIError } from '../../errors.ts';
import { denied } from '../errors.ts';
import type { LimitStore } from '../data/limit-store.ts';
import type { Actor } from '../data/system-rules.ts';
import type { AuthorizeWrite, AccessRecord } from '../data/touched.ts';
import { completed } from '../../lib/yielding.ts';
import { type Check, checkSteps } from './write-checks.ts';
import { type RuleContext, type RuleFailure, entityFields, requestOf, sharedVariables } from './entities.ts';
import { Fields, fieldsOf } from './fields.ts';
import { Bucket, type RateLimit, readRateLimit } from './rate-limits.ts';
import { cannotEvaluate, isPass, type Rule, type Variables } from './rule.ts';
import { summaryOf } from './cel.ts';
import type { RuleSet, RulesJson } from './rule-set.ts';
import { type Params, type ReadAccess, readAccessOf } from './read-access.ts';

export interface Verdict {
  readonly check: Check;
  readonly value: unknown;
  readonly isPassed: boolean;
  readonly error?: unknown;
}

export interface GuardConfig {
  readonly appId: string;
  readonly logger?: Log | undefined;
  readonly clock: Pick<Clock, 'now' | 'monotonicNow'>;
  readonly db: () => Db;
  /** Stores the usage of rate limits; missing = in this guard only. */
  readonly limits?: LimitStore | undefined;
  /** Signs the URL of a file for users who may view it. */
  readonly fileUrl?: ((location: string) => string) | undefined;
}

/** Kinds of failures reported per version of the rules. */
const mostLogged = 100;
/** Rules evaluated between two breaks; takes a few milliseconds. */
const sliceChecks = 200;

export class Guard {
  readonly rules: RuleSet;
  readonly #around: GuardConfig;
  readonly #buckets: ReadonlyMap<string, Bucket>;
  /** Failures already logged: a rule that fails for one row usually fails for many. */
  readonly #logged = new Set<string>();

  constructor(rules: RuleSet, around: GuardConfig, limits?: unknown) {
    this.rules = rules;
    this.#around = around;
    this.#buckets = bucketsOf(limits, around);
  }

  get fileUrl(): GuardConfig['fileUrl'] {
    return this.#around.fileUrl;
  }

  readAccess(actor: Actor, etypes: ReadonlySet<string>, params: Params, attrs: Attrs): ReadAccess {
    return readAccessOf(this.rules, etypes, this.ruleContext(actor), params, attrs);
  }

  readonly ruleContext = (actor: Actor): RuleContext => {
    const { appId, clock, db } = this.#around;
    return { actor, appId, now: () => clock.now(), db, buckets: this.#buckets, failed: this.#failed };
  };

  /** @throws InstantAPIError if it is not permitted */
  authorizeWrite(touched: AccessRecord): void {
    completed(this.authorizeSteps(touched));
  }

  /** The same in steps, for a write that touches many entities. */
  *authorizeSteps(touched: AccessRecord): ReturnType<AuthorizeWrite> {
    if (touched.actor.isAdmin || touched.actor.isServer) return;
    const checks = yield* checkSteps(touched, this.rules);
    for (const [index, check] of checks.entries()) {
      if (index % sliceChecks === sliceChecks - 1) yield;
      if (check.isNew && touched.conflict) throw touched.conflict;
      const verdict = this.#judge(check, touched);
      if (verdict.error !== undefined && check.rule) throw this.#cannotEvaluate(check.rule, check, touched, verdict.error);
      if (!verdict.isPassed)
        throw denied(
          check.etype,
          `the ${this.#ruleName(check, touched)} rule of '${check.etype}' is not satisfied${subjectOf(check, touched)}`,
        );
    }
  }

  /** A row that the writer may not see is denied as one that does not exist. */
  #ruleName(check: Check, touched: AccessRecord): string {
    const { action, etype, scope } = check;
    const view = this.rules.find(etype, 'view');
    const isWritten = scope === 'object' && (action === 'create' || action === 'update');
    const isTold =
      !isWritten || !view || view.code === 'true' || (action === 'update' && this.#judge({ ...check, rule: view }, touched).isPassed);
    return isTold ? `'${action}'` : "'create' or 'update'";
  }

  readonly #failed = (failure: RuleFailure): void =>
    this.#log(failure, 'A permission rule could not be evaluated, and hides what it is about.');

  #log({ rule, place, id, error, variables }: RuleFailure, text: string): void {
    const { etype, action, displayCode } = rule;
    const summary = `${etype}.${action} on ${place}`;
    const key = `${summary}: ${summaryOf(error)}`;
    if (this.#logged.has(key) || this.#logged.size >= mostLogged) return;
    this.#logged.add(key);
    const at = rule.locate?.(variables);
    this.#around.logger?.warn(`${text} ${key}`, { rule: displayCode, id, ...(at !== undefined && { at }) });
  }

  #cannotEvaluate(rule: Rule, check: Check, touched: AccessRecord, error: unknown): Error {
    const id = check.data instanceof Fields ? '' : check.data.id;
    return this.rejected({ rule, place: check.etype, id, error, variables: this.#variables(check, touched) });
  }

  /** Logs a rule that could not be evaluated on a write, and returns the error that rejects the write. */
  rejected(failure: RuleFailure): Error {
    const { rule, error } = failure;
    if (!(error instanceof InstantAPIError)) this.#log(failure, 'A permission rule could not be evaluated, and a write was rejected.');
    return cannotEvaluate(rule, error);
  }

  /** Returns every check with its outcome; does not throw. */
  *review(touched: AccessRecord): Generator<void, Verdict[]> {
    return (yield* checkSteps(touched, this.rules)).map((check) => this.#judge(check, touched));
  }

  #judge(check: Check, touched: AccessRecord): Verdict {
    if (!check.rule) return { check, value: true, isPassed: true };
    try {
      const value = check.rule.value(this.#variables(check, touched));
      return { check, value, isPassed: isPass(value) };
    } catch (error) {
      return { check, value: null, isPassed: false, error };
    }
  }

  #variables(check: Check, { actor, before }: AccessRecord): Variables {
    const { data, newData, linked, actions, modified, params } = check;
    const asker = this.ruleContext(actor);
    return {
      ...sharedVariables(asker, before, params),
      ...(modified.length > 0 && { request: requestOf(actor, asker.now, modified) }),
      data: data instanceof Fields ? data : entityFields(data),
      ...(newData && { newData: entityFields(newData, false) }),
      ...(linked !== undefined && { linkedData: linked && entityFields(linked) }),
      ...(actions && { actions: fieldsOf(actions) }),
    };
  }
}

export function guardFor(rules: RuleSet, json: RulesJson | undefined, around: GuardConfig): Guard {
  return new Guard(rules, around, json?.['$rateLimits']);
}

function bucketsOf(limits: unknown, { clock, limits: store }: GuardConfig): ReadonlyMap<string, Bucket> {
  const entries = Object.entries((limits ?? {}) as Readonly<Record<string, { readonly limits?: readonly unknown[] }>>);
  return new Map(
    entries.map(([name, { limits: list = [] }]) => {
      const read = list.map(readRateLimit).filter((limit): limit is RateLimit => 'capacity' in limit);
      return [name, new Bucket(read, clock, store, `rule ${name}`)] as const;
    }),
  );
}

/** What was denied, as far as the writer named it. */
function subjectOf({ scope, etype, eid }: Check, { steps = [], newAttrs }: AccessRecord): string {
  if (scope === 'object') return steps.some((step: readonly unknown[]) => step.includes(eid)) ? ` for ${etype} ${eid}` : '';
  const [, namespace, label] = newAttrs.find(({ id }) => id === eid)?.['forward-identity'] ?? [];
  return ` for ${namespace}.${label}`;
}
