// All rules of an app: which of them applies to what. They are compiled when they are first asked for; check-rules.ts does it
// for all of them, before they are taken.

import { builtinRule } from './builtin.ts';
import type { Cel, Expression } from './cel.ts';
import { type Action, type Bound, brokenRule, celRule, fixedRule, type Rule } from './rule.ts';

/** Rules as they are stored: JSON that was checked. */
export type RulesJson = Readonly<Record<string, EntityRules>>;
export type Code = string | boolean;

export interface EntityRules {
  readonly allow?: Readonly<Record<string, Code | Readonly<Record<string, Code>> | null | undefined>>;
  readonly bind?: readonly string[] | Readonly<Record<string, string>>;
  readonly fields?: Readonly<Record<string, Code>>;
}

/** What an expression may speak of. */
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

  /** Without `cel`, there can only be fixed rules. */
  constructor(json: RulesJson = {}, cel?: Cel) {
    this.#json = json;
    this.#cel = cel;
  }

  /** Whether an app has rules of its own. */
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

  /** Only what is said of this namespace itself. */
  explicit(etype: string, action: Action | '$default'): Rule | undefined {
    return this.#once(`explicit ${action} ${etype}`, () => {
      const code = this.#allow(etype, action);
      return code === undefined ? undefined : this.#make(etype, action === '$default' ? 'update' : action, code);
    });
  }

  link(etype: string, action: 'link' | 'unlink', label: string): Rule | undefined {
    return this.#once(`${action} ${etype} ${label}`, () => {
      const rules = own(own(this.#json, etype)?.allow, action);
      const code = isMap(rules) ? (own(rules, label) ?? own(rules, '$default')) : undefined;
      return code === undefined || code === null ? undefined : this.#make(etype, action, code);
    });
  }

  field(etype: string, label: string): Rule | undefined {
    return this.#once(`field ${etype} ${label}`, () => {
      const code = own(own(this.#json, etype)?.fields, label);
      return code === undefined || code === null ? undefined : this.#make(etype, 'view', code);
    });
  }

  fieldLabels(etype: string): readonly string[] {
    return Object.keys(own(this.#json, etype)?.fields ?? {});
  }

  #make(etype: string, action: Action, code: Code): Rule {
    try {
      return this.#compile(etype, action, code);
    } catch (error) {
      return brokenRule(etype, action, String(code), error);
    }
  }

  /** @throws Error if it cannot be compiled */
  #compile(etype: string, action: Action, code: Code): Rule {
    if (typeof code === 'boolean' || code.trim() === 'true' || code.trim() === 'false')
      return fixedRule(etype, action, code === true || (typeof code === 'string' && code.trim() === 'true'));
    if (!this.#cel) throw new Error('the rules were not compiled');
    const binds = { ...bindsOf(own(this.#json, '$default')), ...bindsOf(own(this.#json, etype)) };
    const names = Object.keys(binds);
    const compile = (source: string): Expression => this.#compiled(source, action, names);
    const expression = compile(code);
    return celRule(this.#cel, etype, action, expression, usedBinds(expression, binds, compile));
  }

  #compiled(code: string, action: Action, binds: readonly string[]): Expression {
    if (!this.#cel) throw new Error('the rules were not compiled');
    const expression = this.#cel.compile(code, variablesOf[action], binds);
    checkRequest(expression);
    this.#checkRateLimits(expression);
    return expression;
  }

  #checkRateLimits({ names }: Expression): void {
    const known = own(this.#json, '$rateLimits') ?? {};
    for (const name of names.fields.get('rateLimit') ?? []) {
      if (name !== '*' && !Object.hasOwn(known, name)) throw new Error(`there is no rate limit '${name}' in $rateLimits`);
    }
  }

  #allow(etype: string, action: string): Code | undefined {
    const code = own(own(this.#json, etype)?.allow, action);
    return typeof code === 'string' || typeof code === 'boolean' ? code : undefined;
  }

  #fallback(action: string): Code | undefined {
    return this.#allow('$default', action) ?? this.#allow('$default', '$default');
  }

  #once(key: string, make: () => Rule | undefined): Rule | undefined {
    if (!this.#made.has(key)) this.#made.set(key, make());
    return this.#made.get(key);
  }
}

const requestFields: ReadonlySet<string> = new Set(['*', 'modifiedFields', 'time', 'ip', 'origin']);

function checkRequest({ names }: Expression): void {
  for (const name of names.fields.get('request') ?? []) if (!requestFields.has(name)) throw new Error(`request has no '${name}'`);
  for (const { on, path } of names.refs) {
    if (on === 'auth' && path !== undefined && !path.startsWith('$user.')) throw new Error("the path of auth.ref begins with '$user.'");
  }
}

/** In the order in which they can be evaluated; a circle is an error. */
function usedBinds({ names }: Expression, binds: Readonly<Record<string, string>>, compile: (code: string) => Expression): Bound[] {
  const used: Bound[] = [];
  const visit = (variables: ReadonlySet<string>, trail: readonly string[]): void => {
    for (const name of variables) {
      const code = Object.hasOwn(binds, name) ? binds[name] : undefined;
      if (code === undefined || used.some((bound) => bound.name === name)) continue;
      if (trail.includes(name)) throw new Error(`what is bound goes in a circle: ${[...trail, name].join(' → ')}`);
      const expression = compile(code);
      visit(expression.names.variables, [...trail, name]);
      used.push({ name, expression });
    }
  };
  visit(names.variables, []);
  return used;
}

export function bindsOf(rules: EntityRules | undefined): Readonly<Record<string, string>> {
  const bind = rules?.bind;
  if (!bind) return {};
  if (!isList(bind)) return bind;
  return Object.fromEntries(bind.flatMap((name, at) => (at % 2 === 0 ? [[name, bind[at + 1] ?? '']] : [])));
}

const isList = (given: unknown): given is readonly string[] => Array.isArray(given);

function isMap<T>(given: T): given is Extract<T, Readonly<Record<string, Code>>> {
  return typeof given === 'object' && given !== null;
}

function own<T>(record: Readonly<Record<string, T>> | undefined | null, key: string): T | undefined {
  return record && Object.hasOwn(record, key) ? record[key] : undefined;
}
