// Validates rules before they are stored. Faults that are visible are rejected. Parts that have no effect are accepted with a warning, so
// that a rules file that works with InstantDB does not prevent a migration.

import { textOf } from '../repeatable.ts';
import type { Attrs } from '../../db/attrs.ts';
import { isObject } from '../../lib/json.ts';
import { type Fault, invalid } from '../errors.ts';
import { isSystemEtype, openNamespaces } from '../data/system-attrs.ts';
import { type Cel, summaryOf } from './cel.ts';
import { readRateLimit } from './rate-limits.ts';
import { resolvePath } from './refs.ts';
import type { Action, Rule } from './rule.ts';
import { bindsOf, isBindList, type RulesJson, RuleSet } from './rule-set.ts';

type Path = readonly (string | number)[];
type Note = (path: Path, message: string) => void;
type Json = Readonly<Record<string, unknown>>;

export interface CheckedRules {
  readonly rules: RuleSet;
  /** Parts without effect, or that fail when used, each with its path. */
  readonly warnings: readonly Fault[];
}

/**
 * `attrs`: the schema as far as it is known.
 *
 * @throws InstantAPIError 'validation-failed' with all faults and their paths
 */
export function checkRules(given: unknown, cel: Cel, attrs?: Attrs): CheckedRules {
  const check = new Check(cel, attrs);
  const rules = check.all(given);
  if (!rules || check.faults.length > 0) throw invalid('rule', given, check.faults);
  return { rules, warnings: check.warnings };
}

const actions: readonly string[] = ['view', 'create', 'update', 'delete', 'link', 'unlink', '$default'];

class Check {
  readonly faults: Fault[] = [];
  readonly warnings: Fault[] = [];
  readonly #cel: Cel;
  readonly #attrs: Attrs | undefined;

  constructor(cel: Cel, attrs: Attrs | undefined) {
    this.#cel = cel;
    this.#attrs = attrs;
  }

  readonly #fault: Note = (path, message) => this.faults.push({ in: path, message });
  readonly #warn: Note = (path, message) => this.warnings.push({ in: path, message });

  all(given: unknown): RuleSet | undefined {
    if (!isObject(given)) {
      this.#fault([], 'rules are an object');
      return undefined;
    }
    const rules = new RuleSet(given as RulesJson, this.#cel);
    for (const [etype, entry] of Object.entries(given)) {
      if (etype === '$rateLimits') this.#rateLimits(entry);
      else if (isSystemEtype(etype) && etype !== '$default' && !openNamespaces.has(etype)) this.#closed(etype);
      else if (isObject(entry)) this.#entry(etype, entry, rules);
      else this.#warn([etype], 'is no object, and has no effect');
    }
    return rules;
  }

  /** Tools show a fault for each of its rules. */
  #closed(etype: string): void {
    for (const action of ['view', 'create', 'update', 'delete']) this.#fault([etype, 'allow', action], `${etype} takes no rules`);
  }

  #entry(etype: string, entry: Json, rules: RuleSet): void {
    const fault = bindsFault(entry.bind);
    if (fault !== undefined) return this.#withoutBinds(etype, entry, fault);
    for (const [key, part] of Object.entries(entry)) {
      if (!['allow', 'bind', 'fields'].includes(key)) this.#warn([etype, key], 'is none of allow, bind and fields, and has no effect');
      else if (part === undefined || part === null) continue;
      else if (key === 'bind') this.#bind(part, [etype, key]);
      else if (key === 'fields') this.#fields(etype, part, rules);
      else if (isObject(part)) this.#allow(etype, part, rules);
      else this.#warn([etype, key], 'is no object, and has no effect');
    }
  }

  /** None of its rules can be read. */
  #withoutBinds(etype: string, { allow }: Json, fault: string): void {
    this.#fault([etype, 'bind'], fault);
    const rules = isObject(allow) ? Object.entries(allow) : [];
    for (const [action, code] of rules) if (typeof code === 'string') this.#fault([etype, 'allow', action], `its bind ${fault}`);
  }

  #allow(etype: string, allow: Json, rules: RuleSet): void {
    for (const [action, code] of Object.entries(allow)) {
      const path = [etype, 'allow', action];
      if (code === undefined || code === null) continue;
      if (!actions.includes(action)) this.#warn(path, `is none of ${actions.join(', ')}, and has no effect`);
      else if (action === 'link' || action === 'unlink') this.#links(etype, action, code, rules);
      else if (etype === '$users' && action === 'delete') {
        if (code !== 'false') this.#fault(path, "users cannot be deleted by users: it must stay 'false'");
      } else this.#code(path, code, rules.explicit(etype, action as Action | '$default'), action === '$default');
    }
  }

  #links(etype: string, action: 'link' | 'unlink', labels: unknown, rules: RuleSet): void {
    const path = [etype, 'allow', action];
    if (!isObject(labels)) return this.#warn(path, 'is no object of labels, and has no effect');
    for (const [label, code] of Object.entries(labels)) {
      if (code !== undefined && code !== null) this.#code([...path, label], code, rules.link(etype, action, label), true);
    }
  }

  #fields(etype: string, fields: unknown, rules: RuleSet): void {
    if (!isObject(fields)) return this.#fault([etype, 'fields'], 'must be an object');
    for (const [label, code] of Object.entries(fields)) {
      const path = [etype, 'fields', label];
      if (label === 'id') this.#fault([etype, 'fields'], 'an id cannot be hidden: use allow.view');
      else if (code !== undefined && code !== null) this.#code(path, code, rules.field(etype, label), false);
    }
  }

  /** `mayFail`: the expression is compiled only when needed, which may be never. */
  #code(path: Path, code: unknown, rule: Rule | undefined, mayFail: boolean): void {
    const note = mayFail ? this.#warn : this.#fault;
    if (typeof code !== 'string' && typeof code !== 'boolean') return note(path, 'must be an expression, true or false');
    if (rule?.fault !== undefined) return note(path, summaryOf(rule.fault));
    for (const { patterns, refs } of rule?.names ?? []) {
      for (const pattern of patterns) this.#attempt(path, () => this.#cel.patterns.compiled(pattern));
      for (const { on, path: labels } of refs) {
        const etype = on === 'auth' ? '$users' : on === 'data' ? rule?.etype : undefined;
        const attrs = this.#attrs;
        if (attrs && etype !== undefined && labels !== undefined && isKnown(attrs, etype))
          this.#attempt(path, () => resolvePath(attrs, etype, labels.replace(/^\$user\./, '')));
      }
    }
  }

  #attempt(path: Path, run: () => unknown): void {
    try {
      run();
    } catch (error) {
      this.#warn(path, `${summaryOf(error)}: the rule fails once this is evaluated`);
    }
  }

  #bind(bind: unknown, path: Path): void {
    if (isBindList(bind)) {
      const names = bind.filter((_, at) => at % 2 === 0).map(textOf);
      for (const name of new Set(names.filter((each, at) => names.indexOf(each) !== at))) this.#fault([...path, name], 'is bound twice');
    }
    for (const [name, code] of Object.entries(bindsOf({ bind }))) {
      if (!/^[A-Za-z_]\w*$/.test(name)) this.#warn([...path, name], 'is no name that an expression could use');
      if (typeof code !== 'string') this.#warn([...path, name], 'must be a text with an expression: rules that use it fail');
    }
  }

  #rateLimits(limits: unknown): void {
    if (limits === null) return;
    if (!isObject(limits)) return this.#fault(['$rateLimits'], 'must be an object');
    for (const [name, given] of Object.entries(limits)) {
      const list = isObject(given) ? given.limits : undefined;
      if (!Array.isArray(list) || list.length === 0) {
        this.#fault(['$rateLimits', name], 'must have a list of limits');
        continue;
      }
      list.forEach((limit: unknown, at) => {
        const read = readRateLimit(limit);
        if ('message' in read) this.#fault(['$rateLimits', name], `${['limits', at, ...(read.in ?? [])].join('.')}: ${read.message ?? ''}`);
      });
    }
  }
}

function bindsFault(bind: unknown): string | undefined {
  if (bind === undefined || bind === null || (isObject(bind) && !isBindList(bind))) return undefined;
  if (!isBindList(bind)) return 'must be an object, or a list of names and expressions in turn';
  return bind.length % 2 === 0 ? undefined : 'must have an expression for each name';
}

/** Whether the schema knows the namespace: rules may be pushed before the schema. */
function isKnown(attrs: Attrs, etype: string): boolean {
  return attrs.namespace(etype).forward.size > 0;
}
