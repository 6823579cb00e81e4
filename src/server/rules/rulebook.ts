// The rules of one app as they are now, kept in its log. Changing them is a transaction like any other; whoever watches the
// log hears of it, and the guard changes with it.

import { equal } from '../../lib/equal.ts';
import type { Ledger } from '../data/ledger.ts';
import { submit } from '../data/submit.ts';
import { type Cel, loadCel } from './cel.ts';
import { checkRules } from './check-rules.ts';
import { type Guard, type GuardConfig, guardFor } from './guard.ts';
import { RuleSet, type RulesJson } from './rule-set.ts';

const name = 'rules';

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

  /** @throws InstantAPIError 'validation-failed' */
  async set(ledger: Ledger, given: unknown): Promise<void> {
    this.#cel ??= await loadCel();
    if (given !== null) checkRules(given, this.#cel);
    const records = { [name]: given };
    await submit(ledger, { steps: () => ({ steps: [], records }), event: undefined, actor: { userId: undefined, isAdmin: true } });
  }

  /** A guard for rules that are tried out. */
  async trial(given: unknown): Promise<Guard> {
    this.#cel ??= await loadCel();
    return guardFor(checkRules(given, this.#cel).rules, given as RulesJson, this.#config);
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
