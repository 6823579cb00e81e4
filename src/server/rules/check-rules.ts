// Rules as they come from outside, checked before they are taken: their form, and that every expression in them can be
// compiled. All faults are told at once, each with its place.

import { isObject } from '../../lib/json.ts';
import { type Fault, invalid } from '../errors.ts';
import { isSystemEtype, openNamespaces } from '../data/system-attrs.ts';
import { type Cel, summaryOf } from './cel.ts';
import { readRateLimit } from './rate-limits.ts';
import type { Action, Rule } from './rule.ts';
import { bindsOf, type RulesJson, RuleSet } from './rule-set.ts';

type Path = readonly (string | number)[];
type Note = (path: Path, message: string) => void;

/** @throws InstantAPIError 'validation-failed' */
export function checkRules(given: unknown, cel: Cel): RuleSet {
  const faults: Fault[] = [];
  const note: Note = (path, message) => faults.push({ in: path, message });
  if (!isObject(given)) note([], 'rules are an object');
  else for (const [etype, rules] of Object.entries(given)) checkEntry(etype, rules, note);
  if (faults.length > 0) throw invalid('rule', given, faults);
  const json = given as RulesJson;
  const set = new RuleSet(json, cel);
  for (const etype of Object.keys(json)) if (etype !== '$rateLimits') compileAll(etype, json, set, note);
  if (faults.length > 0) throw invalid('rule', given, faults);
  return set;
}

function checkEntry(etype: string, rules: unknown, note: Note): void {
  if (!isObject(rules)) return note([etype], 'must be an object');
  if (etype === '$rateLimits') return checkRateLimits(rules, note);
  if (isSystemEtype(etype) && etype !== '$default' && !openNamespaces.has(etype)) return note([etype], 'takes no rules');
  for (const [key, part] of Object.entries(rules)) {
    if (part === undefined || part === null) continue;
    if (key === 'allow') checkAllow(etype, part, note);
    else if (key === 'bind') checkBind(part, [etype, key], note);
    else if (key === 'fields') checkFields(part, [etype, key], note);
    else note([etype, key], 'must be allow, bind or fields');
  }
}

const actions: ReadonlySet<string> = new Set<Action | '$default'>(['view', 'create', 'update', 'delete', '$default']);

function checkAllow(etype: string, allow: unknown, note: Note): void {
  const path = [etype, 'allow'];
  if (!isObject(allow)) return note(path, 'must be an object');
  for (const [action, code] of Object.entries(allow)) {
    if (code === undefined || code === null) continue;
    if (action === 'link' || action === 'unlink') {
      if (isObject(code)) for (const [label, each] of Object.entries(code)) checkCode(each, [...path, action, label], note);
      else note([...path, action], 'must be an object of labels');
    } else if (actions.has(action)) checkCode(code, [...path, action], note);
    else note([...path, action], 'must be view, create, update, delete, link, unlink or $default');
  }
  const { delete: deletion } = allow;
  if (etype === '$users' && deletion !== undefined && deletion !== null && deletion !== false && deletion !== 'false')
    note([...path, 'delete'], "users cannot be deleted by users: it must stay 'false'");
}

function checkCode(code: unknown, path: Path, note: Note): void {
  if (typeof code !== 'string' && typeof code !== 'boolean') note(path, 'must be an expression, true or false');
}

function checkBind(bind: unknown, path: Path, note: Note): void {
  const parts = Array.isArray(bind) ? (bind as unknown[]) : isObject(bind) ? Object.values(bind) : undefined;
  if (!parts) return note(path, 'must be an object, or a list of names and expressions in turn');
  if (Array.isArray(bind) && bind.length % 2 !== 0) return note(path, 'must have an expression for each name');
  if (parts.some((part) => typeof part !== 'string')) return note(path, 'names and expressions are texts');
  for (const name of Object.keys(bindsOf({ bind: bind as readonly string[] })))
    if (!/^[A-Za-z_]\w*$/.test(name)) note([...path, name], 'is no name that an expression could use');
}

function checkFields(fields: unknown, path: Path, note: Note): void {
  if (!isObject(fields)) return note(path, 'must be an object');
  for (const [label, code] of Object.entries(fields)) {
    if (label === 'id') note([...path, label], 'an id cannot be hidden: use allow.view');
    else checkCode(code, [...path, label], note);
  }
}

function checkRateLimits(limits: Readonly<Record<string, unknown>>, note: Note): void {
  for (const [name, given] of Object.entries(limits)) {
    const list = isObject(given) ? given.limits : undefined;
    if (!Array.isArray(list) || list.length === 0) {
      note(['$rateLimits', name], 'must have a list of limits');
      continue;
    }
    list.forEach((limit: unknown, at) => {
      const read = readRateLimit(limit);
      if ('message' in read) note(['$rateLimits', name, 'limits', at, ...(read.in ?? [])], read.message ?? '');
    });
  }
}

function compileAll(etype: string, json: RulesJson, set: RuleSet, note: Note): void {
  const attempt = (path: Path, rule: Rule | undefined): void => {
    if (rule?.fault !== undefined) note(path, summaryOf(rule.fault));
  };
  const { allow = {}, fields = {} } = json[etype] ?? {};
  for (const [action, code] of Object.entries(allow ?? {})) {
    if (code === undefined || code === null) continue;
    if (action === 'link' || action === 'unlink')
      for (const label of Object.keys(code)) attempt([etype, 'allow', action, label], set.link(etype, action, label));
    else attempt([etype, 'allow', action], set.explicit(etype, action as Action | '$default'));
  }
  for (const label of Object.keys(fields ?? {})) attempt([etype, 'fields', label], set.field(etype, label));
}
