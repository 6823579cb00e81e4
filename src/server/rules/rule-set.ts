// All rules of an app, and which one applies where. Rules are compiled on first use; check-rules.ts compiles all of them before they are
// stored.

import { textOf } from '../repeatable.ts';
import { isObject } from '../../lib/json.ts';
import { builtinRule } from './builtin.ts';
import type { Binds, Cel } from './cel.ts';
import type { Names } from './names.ts';
import { type Action, brokenRule, celRule, fixedRule, type Rule } from './rule.ts';

/** Rules as stored: validated JSON that may contain parts without effect. */
export type RulesJson = Readonly<Record<string, EntityRules | null | undefined>>;

export interface EntityRules {
  readonly allow?: unknown;
  readonly bind?: unknown;
  readonly fields?: unknown;
}

/** The variables an expression may use. */
const common = ['data', 'auth', 'ruleParams', 'request', 'rateLimit'];
const variablesOf: Readonly<Record<Action, readonly string[]>> = {
  view: common,
  delete: common,
  create: [...common, 'newData'],
  update: [...common, 'newData'],
  link: [...common, 'newData', 'linkedData', 'actions'],
  unlink: [...common, 'newData', 'linkedData'],
};

export class RuleSet {
  readonly #json: RulesJson;
  readonly #cel: Cel | undefined;
  readonly #made = new Map<string, Rule | undefined>();

  /** Without `cel`, all rules must be constant. */
  constructor(json: RulesJson = {}, cel?: Cel) {
    this.#json = json;
    this.#cel = cel;
  }

  /** Whether the app has rules of its own. */
  get isEmpty(): boolean {
    return Object.keys(this.#json).length === 0;
  }

  /** Undefined = allowed. */
  find(etype: string, action: 'view' | 'create' | 'update' | 'delete'): Rule | undefined {
    return this.#once(`${action} ${etype}`, () => {
      const code = this.#allow(etype, action) ?? this.#allow(etype, '$default') ?? this.#fallback(action);
      return code === undefined ? builtinRule(etype, action) : this.#make(etype, action, code);
    });
  }

  /** Only the namespace's own rules. */
  explicit(etype: string, action: Action | '$default'): Rule | undefined {
    return this.#once(`explicit ${action} ${etype}`, () => {
      const code = this.#allow(etype, action);
      return code === undefined ? undefined : this.#make(etype, action === '$default' ? 'update' : action, code);
    });
  }

  link(etype: string, action: 'link' | 'unlink', label: string): Rule | undefined {
    return this.#once(`${action} ${etype} ${label}`, () => {
      const rules = own(this.#part(etype, 'allow'), action);
      const code = own(rules, label) ?? own(rules, '$default');
      return code === undefined || code === null ? undefined : this.#make(etype, action, code);
    });
  }

  field(etype: string, label: string): Rule | undefined {
    return this.#once(`field ${etype} ${label}`, () => {
      const code = own(this.#part(etype, 'fields'), label);
      return code === undefined || code === null ? undefined : this.#make(etype, 'view', code);
    });
  }

  fieldLabels(etype: string): readonly string[] {
    const fields = this.#part(etype, 'fields');
    return isObject(fields) ? Object.keys(fields) : [];
  }

  #make(etype: string, action: Action, code: unknown): Rule {
    try {
      return this.#compile(etype, action, code);
    } catch (error) {
      return brokenRule(etype, action, typeof code === 'string' ? code : JSON.stringify(code), error);
    }
  }

  /** @throws Error if the rule cannot be compiled */
  #compile(etype: string, action: Action, code: unknown): Rule {
    const text = typeof code === 'string' ? code.trim() : code;
    if (text === true || text === 'true') return fixedRule(etype, action, true, code as string | boolean);
    if (text === false || text === 'false') return fixedRule(etype, action, false, code as string | boolean);
    if (typeof code !== 'string') throw new Error('must be an expression, true or false');
    if (!this.#cel) throw new Error('the rules were not compiled');
    const binds = { ...bindsOf(own(this.#json, '$default')), ...bindsOf(own(this.#json, etype)) };
    const expression = this.#cel.compile(code, variablesOf[action], binds);
    for (const names of expression.names) this.#checkNames(names);
    return celRule(etype, action, code, expression);
  }

  /** @throws Error for a field that no request has */
  #checkNames({ limits, refs }: Names): void {
    for (const name of limits)
      if (own(own(this.#json, '$rateLimits'), name) === undefined) throw new Error(`there is no rate limit '${name}' in $rateLimits`);
    for (const { on, path } of refs) {
      if (on === 'auth' && !path?.startsWith('$user.')) throw new Error("the path of auth.ref is written out, and begins with '$user.'");
    }
  }

  #part(etype: string, part: 'allow' | 'fields'): unknown {
    return own(own(this.#json, etype), part);
  }

  /** A rule that is neither an expression nor missing always fails. */
  #allow(etype: string, action: string): unknown {
    return own(this.#part(etype, 'allow'), action) ?? undefined;
  }

  #fallback(action: string): unknown {
    return this.#allow('$default', action) ?? this.#allow('$default', '$default');
  }

  #once(key: string, make: () => Rule | undefined): Rule | undefined {
    if (!this.#made.has(key)) this.#made.set(key, make());
    return this.#made.get(key);
  }
}

export function bindsOf(rules: unknown): Binds {
  const bind = own(rules, 'bind');
  if (!isBindList(bind)) return isObject(bind) ? (bind as Binds) : {};
  return Object.fromEntries(bind.flatMap((name, at) => (at % 2 === 0 ? [[textOf(name), bind[at + 1] ?? '']] : []))) as Binds;
}

export const isBindList = (given: unknown): given is readonly unknown[] => Array.isArray(given);

/** An object's own entries; none for anything else. */
function own(record: unknown, key: string): unknown {
  return isObject(record) && Object.hasOwn(record, key) ? record[key] : undefined;
}
