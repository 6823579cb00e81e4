// What one actor may view of entities and fields, and what that depends on, so that cached results are invalidated in time and shared only
// between actors with equal access.

import type { Attrs } from '../../db/attrs.ts';
import type { Db } from '../../db/db.ts';
import type { Row } from '../../db/row.ts';
import { InstantAPIError } from '../../errors.ts';
import { WorkExceeded } from '../../query/pass.ts';
import type { Visible } from '../../query/visible.ts';
import type { Actor } from '../data/system-rules.ts';
import { type RuleContext, entityFields, sharedVariables } from './entities.ts';
import { etypesOnPath } from './refs.ts';
import type { Rule } from './rule.ts';
import type { RuleFaults } from './rule-faults.ts';
import type { RuleSet } from './rule-set.ts';

export type Params = Readonly<Record<string, unknown>> | undefined;

/** `faults` collects rules that cannot be evaluated. */
export type VisibleIn = (db: Db, faults?: RuleFaults) => Visible;

export interface ReadAccess {
  /** Actors with the same key see the same data. */
  readonly key: string;
  /** Namespaces that rules read: a change there may alter what is visible. */
  readonly etypes: ReadonlySet<string>;
  /** The visible part of the data. Undefined = everything. */
  readonly visibleIn: VisibleIn | undefined;
}

export const fullAccess: ReadAccess = { key: 'all', etypes: new Set(), visibleIn: undefined };

export function readAccessOf(rules: RuleSet, etypes: ReadonlySet<string>, asker: RuleContext, params: Params, attrs: Attrs): ReadAccess {
  const { actor } = asker;
  if (actor.isAdmin) return { ...fullAccess, key: 'admin' };
  const asked = [...etypes].flatMap((etype) => rulesOf(rules, etype).map((rule) => ({ etype, rule })));
  if (asked.every(({ rule }) => rule.code === 'true')) return fullAccess;
  const depends = dependencies(asked, attrs, actor.userId !== undefined);
  return {
    key: keyOf(actor, depends),
    etypes: depends.etypes,
    visibleIn: (db, faults) => visibleTo(asker, rules, params, db, faults),
  };
}

function rulesOf(rules: RuleSet, etype: string): Rule[] {
  const fields = rules.fieldLabels(etype).map((label) => rules.field(etype, label));
  return [rules.find(etype, 'view'), ...fields].filter((rule) => rule !== undefined);
}

function visibleTo(asker: RuleContext, rules: RuleSet, params: Params, db: Db, faults?: RuleFaults): Visible {
  let shared: ReturnType<typeof sharedVariables> | undefined;
  const showsField = (etype: string, label: string): boolean => (rules.field(etype, label)?.code ?? 'true') === 'true';
  const isVisible = (etype: string, row: Row, label?: string): boolean => {
    const rule = label === undefined ? rules.find(etype, 'view') : rules.field(etype, label);
    if (!rule || rule.code === 'true') return answered(true, faults);
    shared ??= sharedVariables(asker, db, params);
    // Written out because spreading an object per row costs more than most rules.
    const { auth, ruleParams, request, rateLimit } = shared;
    const variables = { auth, ruleParams, request, rateLimit, data: entityFields({ etype, id: row.id, row, db }) };
    try {
      return answered(rule.passes(variables), faults);
    } catch (error) {
      if (error instanceof InstantAPIError || error instanceof WorkExceeded) throw error;
      // Entities whose rule cannot be evaluated are hidden.
      const place = label === undefined ? etype : `${etype}.${label}`;
      faults?.failed(rule, place, error);
      asker.failed({ rule, place, id: row.id, error, variables });
      return false;
    }
  };
  return Object.assign(isVisible, { showsField });
}

function answered(isVisible: boolean, faults: RuleFaults | undefined): boolean {
  faults?.answered();
  return isVisible;
}

interface Dependencies {
  readonly etypes: Set<string>;
  /** Depends on the user, or on the client's address. */
  readonly onUser: boolean;
  readonly onPlace: boolean;
}

function keyOf({ userId, ip, origin }: Actor, { onUser, onPlace }: Dependencies): string {
  return `seen by ${JSON.stringify([onUser && (userId ?? ''), onPlace && [ip ?? '', origin ?? '']])}`;
}

interface Asked {
  readonly etype: string;
  readonly rule: Rule;
}

function dependencies(asked: readonly Asked[], attrs: Attrs, isSignedIn: boolean): Dependencies {
  const etypes = new Set<string>();
  let [onUser, onPlace] = [false, false];
  for (const { etype, rule } of asked) {
    for (const { fields, refs } of rule.names) {
      const ofAuth = fields.get('auth');
      if (ofAuth) onUser = true;
      if ([...(fields.get('request') ?? [])].some((name) => name !== 'time')) onPlace = true;
      if (isSignedIn && ofAuth && [...ofAuth].some((name) => name !== 'id')) etypes.add('$users');
      for (const { on, path } of refs) {
        const from = on === 'auth' ? '$users' : on === 'data' ? etype : undefined;
        if (from === undefined || path === undefined) for (const { etype: any } of attrs.namespaces()) etypes.add(any);
        else for (const each of etypesOnPath(attrs, from, path.replace(/^\$user\./, ''))) etypes.add(each);
      }
    }
  }
  return { etypes, onUser, onPlace };
}
