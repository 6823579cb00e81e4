// The clock that tests advance by hand; programs get it with `triplane/testing`.

export { VirtualClock as FakeClock, settled } from '../../src/testing/virtual/clock.ts';
