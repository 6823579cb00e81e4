// The current rules of one app, stored in its log. A change of rules is a transaction; subscribers of the log are notified, and the guard
// is replaced.

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
/** Number of rule changes, starting at zero. */
const versionName = 'rules-version';

/** Null before the first push. */
export function rulesVersionOf(records: ReadonlyMap<string, unknown>): number | null {
  const version = records.get(versionName);
  return typeof version === 'number' ? version : null;
}

export interface PushedRules {
  /** Undefined: unchanged. */
  readonly version: number | undefined;
  /** Parts without effect, or that fail when used. */
  readonly warnings: readonly Fault[];
}

/** Denies everything while the rules cannot be read. */
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

  /** Undefined = no rules: everything is allowed. */
  get json(): RulesJson | undefined {
    return this.#json;
  }

  /** @throws TriplaneError 'dependency-missing' if there are rules and the packages to evaluate them are missing */
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
    const last = rulesVersionOf(ledger.records);
    const version = last === null ? 0 : last + 1;
    const records = { [name]: given, [versionName]: version };
    await submit(ledger, { steps: () => ({ steps: [], records }), event: undefined, actor: adminActor });
    return { version, warnings };
  }

  /** A guard for rules under trial. */
  async trial(given: unknown): Promise<Guard> {
    this.#cel ??= await loadCel();
    return guardFor(checkRules(given, this.#cel).rules, given as RulesJson, { ...this.#config, limits: undefined });
  }

  /** Call after a change of the log. `changed` is called once the guard was replaced, possibly later and repeatedly. */
  noticed(ledger: Ledger, changed: () => void): void {
    if (equal(ledger.records.get(name) ?? undefined, this.#json)) return;
    this.#take(ledger);
    changed();
    if (this.#cel || !this.#json) return;
    void loadCel().then(
      (cel) => {
        this.#cel = cel;
        // Sessions know the data as it is once no write is under way.
        const run = (): void => {
          this.#take(ledger);
          changed();
        };
        ledger.read({ run, reject: () => {} });
      },
      // Another server may be able to read these rules. This one denies everything.
      () => {},
    );
  }

  #take(ledger: Ledger): void {
    this.#json = (ledger.records.get(name) ?? undefined) as RulesJson | undefined;
    const json = this.#json && !this.#cel ? closed : this.#json;
    this.#guard = guardFor(new RuleSet(json, this.#cel), json, this.#config);
  }
}
