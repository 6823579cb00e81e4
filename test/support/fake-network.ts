// What a device is told of its network; programs get it with `triplane/testing`.

export { VirtualConnectivity as FakeNetwork } from '../../src/testing/virtual/connectivity.ts';
