// How often anybody may ask for codes, try them, and sign in as a guest, per hour. What strangers can use up for an e-mail address is never
// what its owner needs: networks that the owner signed in from, and the app's own server, have shares of their own, and what all other networks
// share is refilled while it is used.

import type { Clock } from '../../lib/clock.ts';
import { InstantAPIError } from '../../errors.ts';
import { denied } from '../errors.ts';
import { Bucket } from '../rules/rate-limits.ts';
import type { App } from '../session/app.ts';

const hourMs = 3_600_000;
/** For an e-mail address from one network. */
const mostPerHour = 20;
/** More for an e-mail address from each network that its owner signed in from. */
const mostForKnown = 10;
/** For an e-mail address from all networks: at once, and more every hour, one by one. */
const [mostAtOnce, moreAnHour] = [30, 10];

export interface CodeSender {
  /** '' for the app's own server. */
  readonly network: string;
  /** The owner of the e-mail address is known to sign in from the network. */
  readonly isKnown: boolean;
}

export class SignInLimits {
  readonly #sending: Bucket;
  readonly #sendingToKnown: Bucket;
  readonly #sendingFrom: Bucket;
  readonly #sendingTo: Bucket;
  readonly #trying: Bucket;
  readonly #wrongFrom: Bucket;
  readonly #guests: Bucket;
  readonly #mostGuests: number;

  constructor(app: App, clock: Clock) {
    const limited = (name: string, capacity: number, amount: number): Bucket => {
      return new Bucket([{ capacity, amount, periodMs: hourMs, isGreedy: amount < capacity }], clock, app.spending, name);
    };
    const hourly = (name: string, capacity: number): Bucket => limited(name, capacity, capacity);
    this.#sending = hourly('codes sent to an address for a network', mostPerHour);
    this.#sendingToKnown = hourly('codes sent to an address for a known network', mostForKnown);
    this.#sendingTo = limited('codes sent to an address', mostAtOnce, moreAnHour);
    this.#sendingFrom = hourly('codes sent for a network', 10 * mostPerHour);
    this.#trying = hourly('tries at an address from a network', mostPerHour);
    this.#wrongFrom = hourly('wrong tries from a network', 10 * mostPerHour);
    this.#mostGuests = app.limits.guestSignIns;
    this.#guests = hourly('guests from a network', this.#mostGuests);
  }

  /**
   * Counts a code that is sent.
   *
   * @returns the refusal if other networks used up the codes of the address
   * @throws InstantAPIError 'rate-limited' if this network did
   */
  async send(email: string, { network, isKnown }: CodeSender): Promise<InstantAPIError | undefined> {
    const key = `${email} ${network}`;
    const own = [this.#sending, key] as const;
    if (network === '') return Bucket.take([own]).then(() => undefined);
    const from = [this.#sendingFrom, network] as const;
    if (isKnown && !(await refusalOf([from, [this.#sendingToKnown, key]]))) return undefined;
    const refusal = await refusalOf([from, [this.#sendingTo, email], own]);
    if (refusal) await Bucket.take([from, own]);
    return refusal;
  }

  /** Counts a try, whether or not the code is right. @throws InstantAPIError 'rate-limited' */
  async try(email: string, network: string): Promise<void> {
    this.#wrongFrom.check(network, 1);
    await Bucket.take([[this.#trying, `${email} ${network}`]]);
  }

  /** Counts a try that was wrong. @throws InstantAPIError 'rate-limited' */
  wrong(network: string): void {
    if (network !== '') this.#wrongFrom.limit(network, 1);
  }

  /** Counts a guest. @throws InstantAPIError 'rate-limited', or 'permission-denied' if there may be none */
  async guest(network: string): Promise<void> {
    if (this.#mostGuests === 0) throw denied('$users', 'this server signs in no guests');
    if (network !== '') await Bucket.take([[this.#guests, network]]);
  }
}

async function refusalOf(wanted: Parameters<typeof Bucket.take>[0]): Promise<InstantAPIError | undefined> {
  try {
    await Bucket.take(wanted);
    return undefined;
  } catch (error) {
    if (error instanceof InstantAPIError && error.body.type === 'rate-limited') return error;
    throw error;
  }
}
