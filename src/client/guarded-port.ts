// What a program provides in place of the platform's clock, randomness or network status may throw. Then the platform's answers that call,
// and the program is told, once for each method: the client does not stop for it.

import { alwaysOnline, type Network } from '../connection/network.ts';
import { TriplaneError } from '../errors.ts';
import { textOf } from '../lib/thrown.ts';

type Report = (error: Error) => void;
type Method = (...args: readonly unknown[]) => unknown;
type Methods = Record<string, Method>;

/** For a network that says nothing. */
export const unknownNetwork: Required<Network> = { ...alwaysOnline, onHidden: () => () => {} };

/**
 * @param name the option of `init`, for the error
 * @param platform has every method; those that `port` lacks stay out
 */
export function guardedPort<Port extends object>(name: string, port: Port, platform: Required<Port>, report: Report): Port {
  const [given, instead] = [port, platform] as unknown as [Methods, Methods];
  const guarded: Methods = {};
  for (const [method, fallback] of Object.entries(instead)) {
    if (given[method]) guarded[method] = guard(`${name}.${method}`, (...args) => given[method]?.(...args), fallback, report);
  }
  return guarded as Port;
}

function guard(name: string, run: Method, fallback: Method, report: Report): Method {
  let isReported = false;
  return (...args) => {
    try {
      const answer = run(...args);
      // It stops what was started.
      return typeof answer === 'function' ? guard(`What ${name} returned`, answer as Method, () => {}, report) : answer;
    } catch (cause) {
      if (!isReported) report(new TriplaneError('config-invalid', `${name}() threw: ${textOf(cause)}`, { cause }));
      isReported = true;
      return fallback(...args);
    }
  };
}
