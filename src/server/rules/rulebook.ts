// The rules of one app as they are now, kept in its log. Changing them is a transaction like any other; whoever watches the
// log hears of it, and the guard changes with it.

import { equal } from '../../lib/equal.ts';
import type { Ledger } from '../data/ledger.ts';
import { submit } from '../data/submit.ts';
import { adminActor } from '../data/system-rules.ts';
import { type Cel, loadCel } from './cel.ts';
import { checkRules } from './check-rules.ts';
import type { Fault } from '../errors.ts';
import { type Guard, type GuardConfig, guardFor } from './guard.ts';
import { RuleSet, type RulesJson } from './rule-set.ts';

const name = 'rules';
/** Counts the rules that there were, from zero. */
const versionName = 'rules-version';

export interface PushedRules {
  /** Undefined: they are what they were. */
  readonly version: number | undefined;
  /** What has no effect, or fails once it is used. */
  readonly warnings: readonly Fault[];
}

/** While rules cannot be read: nothing. */
const closed: RulesJson = { $default: { allow: { $default: false } } };

export class Rulebook {
  readonly #config: GuardConfig;
  #json: RulesJson | undefined;
  #guard: Guard;
  #cel: Cel | undefined;

  constructor(config: GuardConfig) {
    this.#config = config;
    this.#guard = guardFor(new RuleSet(), undefined, config);
  }

  get guard(): Guard {
    return this.#guard;
  }

  /** Undefined = none: everybody may do everything. */
  get json(): RulesJson | undefined {
    return this.#json;
  }

  /** @throws TriplaneError 'dependency-missing' if there are rules and nothing to read them with */
  async open(ledger: Ledger): Promise<void> {
    if (ledger.records.has(name)) this.#cel = await loadCel();
    this.#take(ledger);
  }

  /**
   * Null: no rules.
   *
   * @throws InstantAPIError 'validation-failed'
   */
  async set(ledger: Ledger, given: unknown): Promise<PushedRules> {
    this.#cel ??= await loadCel();
    const warnings = given === null ? [] : checkRules(given, this.#cel, ledger.db.attrs).warnings;
    if (equal(ledger.records.get(name) ?? null, given)) return { version: undefined, warnings };
    const last = ledger.records.get(versionName);
    const version = typeof last === 'number' ? last + 1 : 0;
    const records = { [name]: given, [versionName]: version };
    await submit(ledger, { steps: () => ({ steps: [], records }), event: undefined, actor: adminActor });
    return { version, warnings };
  }

  /** A guard for rules that are tried out. */
  async trial(given: unknown): Promise<Guard> {
    this.#cel ??= await loadCel();
    return guardFor(checkRules(given, this.#cel).rules, given as RulesJson, { ...this.#config, limits: undefined });
  }

  /** After a change of the log. `changed` is called once the guard is another; it may be later, and more than once. */
  noticed(ledger: Ledger, changed: () => void): void {
    if (equal(ledger.records.get(name) ?? undefined, this.#json)) return;
    this.#take(ledger);
    changed();
    if (this.#cel || !this.#json) return;
    void loadCel().then(
      (cel) => {
        this.#cel = cel;
        this.#take(ledger);
        changed();
      },
      // Another server could read them. Here everything stays closed.
      () => {},
    );
  }

  #take(ledger: Ledger): void {
    this.#json = (ledger.records.get(name) ?? undefined) as RulesJson | undefined;
    const json = this.#json && !this.#cel ? closed : this.#json;
    this.#guard = guardFor(new RuleSet(json, this.#cel), json, this.#config);
  }
}
