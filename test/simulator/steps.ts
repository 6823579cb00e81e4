// What may happen in the simulated world. A step tells what it did, or nothing if there was nothing to do.

import { tx } from '../../src/transact/chunk.ts';
import { changeSchema, makeMissing } from './admin-steps.ts';
import type { Device, Tab } from './client.ts';
import type { StepName } from './profiles.ts';
import type { World } from './world.ts';

export const work: ReadonlySet<StepName> = new Set<StepName>([
  ...(['write', 'burst', 'invalidWrite', 'dependentWrite', 'ask', 'wait', 'openTab', 'goOnline', 'startServer', 'thaw'] as const),
]);

type Step = (world: World) => string | undefined | Promise<string | undefined>;

const registers = ['a', 'b', 'c'].map((letter) => `${letter.repeat(8)}-0000-4000-8000-000000000001`);

export const steps: Readonly<Record<StepName, Step>> = {
  write: (world) => write(world, false),
  burst: (world) => {
    const stories = Array.from({ length: world.random.between(2, 6) }, () => write(world, false));
    return stories.filter((story) => story !== undefined).join(', ') || undefined;
  },
  invalidWrite: (world) => write(world, true),
  dependentWrite: dependentWrite,
  ask: (world) => {
    const tab = world.tab(({ clock }) => !clock.isFrozen);
    if (!tab) return undefined;
    const token = Symbol(tab.name);
    world.asked.set(token, tab);
    const done = (): void => void world.asked.delete(token);
    tab.reactor.queries.once({ registers: { $: { limit: world.random.between(1, 3) } } }).then(done, done);
    return `${tab.name} asks once`;
  },
  wait: (world) => {
    world.pauseMs = world.random.between(50, world.random.chance(0.1) ? 40_000 : 2_000);
    return `${world.pauseMs} ms pass`;
  },

  openTab: (world) => {
    const device = world.random.pick(world.devices);
    const most = Math.min(world.profile.mostTabs, world.setting.mostTabs);
    return device && device.tabs.length < most ? `${world.open(device).name} is opened` : undefined;
  },
  closeTab: (world) => {
    const tab = world.tab(({ device, clock }) => device.tabs.length > 1 && !clock.isFrozen);
    if (!tab) return undefined;
    world.noteErrors(tab);
    // What it was about to store may fail while it closes.
    void tab.device.close(tab).then(() => world.noteErrors(tab));
    return `${tab.name} is closed`;
  },
  killTab: (world) => {
    const tab = world.tab();
    if (tab) killTab(world, tab);
    return tab && `${tab.name} is killed`;
  },
  handOver: (world) => {
    const device = world.random.pick(world.devices.filter(({ tabs }) => tabs.length > 1));
    const leader = device?.tabs.find(({ reactor }) => reactor.isLeader);
    if (!device || !leader) return undefined;
    killTab(world, leader);
    const user = world.random.pick([...world.users, undefined]);
    world.signIn(device, user);
    return `${leader.name}, which leads, is killed, and ${user?.email ?? 'nobody'} signs in`;
  },
  freeze: (world) => onTab(world, ({ clock }) => !clock.isFrozen, (tab) => freezeTab(world, tab), 'is frozen'), // prettier-ignore
  thaw: (world) => onTab(world, ({ clock }) => clock.isFrozen, ({ clock }) => clock.thaw(), 'is thawed'), // prettier-ignore

  goOffline: (world) => onDevice(world, ({ link }) => link.isUp, (device) => device.goOffline(), 'goes offline'), // prettier-ignore
  goOnline: (world) => onDevice(world, ({ link }) => !link.isUp, (device) => (world.traffic.onReason(), device.goOnline()), 'goes online'), // prettier-ignore
  cut: (world) => onDevice(world, () => true, ({ link }) => world.network.cut(link), 'loses its connections'), // prettier-ignore
  silence: (world) => {
    const socket = world.random.pick([...world.network.sockets]);
    socket?.goSilent();
    if (world.setting.silenceMs < Infinity) world.clock.setTimeout(() => socket?.cut(), world.setting.silenceMs);
    return socket && 'a socket goes silent';
  },
  loseAnswers: (world) => {
    const socket = world.random.pick([...world.network.sockets]);
    socket?.loseAnswers();
    return socket && 'the answers on a socket are lost, then it breaks';
  },
  breakSocket: (world) => {
    const socket = world.random.pick([...world.network.sockets]);
    if (socket) world.traffic.broken.add(socket);
    return socket && 'the next message cannot be sent on a socket';
  },
  repeat: (world) => forAWhile(world, 'frames come twice', (isOn) => (world.traffic.repeats = isOn ? 0.3 : 0)),
  garble: (world) => forAWhile(world, 'frames make no sense', (isOn) => (world.traffic.garbles = isOn ? 0.3 : 0)),
  slowDown: (world) => onDevice(world, () => true, ({ link }) => (link.delayMs = world.random.between(2, 900)), 'has another delay'), // prettier-ignore

  stopServer: (world) => whileUp(world, () => world.server.stop(), 'is stopped'),
  killServer: (world) => {
    // Little time passes while it appends: by chance it would hardly ever be killed then.
    if (world.random.chance(0.5)) return whileUp(world, () => (world.server.killsAtAppend = true), 'will be killed at its next write');
    return whileUp(world, () => world.server.kill(), 'is killed');
  },
  startServer: ({ server }) => {
    if (server.isUp) return undefined;
    server.start();
    return 'the server starts';
  },
  failStorage: (world) => forAWhile(world, "the server's storage fails now and then", (isOn) => (world.server.failures = isOn ? 0.4 : 0)),
  slowStorage: (world) => forAWhile(world, "the server's storage is slow", (isOn) => (world.server.appendMs = isOn ? 3_000 : 5)),
  rollBack: async (world) => {
    const { server, random } = world;
    // A log without an attribute that a client has used is as one from which it was deleted: its writes are refused.
    const most = [...server.entries].reverse().findIndex(({ attrs }) => attrs !== undefined);
    if (server.isUp || server.isClosing || most <= 0) return undefined;
    const lost = await server.rollBack(random.between(1, Math.min(most, 5)));
    world.history.rollBack(lost);
    world.server.start();
    return `the server starts from an older log, without its last ${lost.length} entries`;
  },

  changeUser: (world) => {
    const device = world.random.pick(world.devices);
    const user = world.random.pick([...world.users, undefined]);
    return device && world.signIn(device, user) ? `${user?.email ?? 'nobody'} signs in on ${device.name}` : undefined;
  },
  expireUser: (world) => {
    const user = world.random.pick(world.users);
    if (!user || world.expired.has(user.id)) return undefined;
    world.expired.add(user.id);
    world.clock.setTimeout(() => world.expired.delete(user.id), world.random.between(1_000, 20_000));
    return `the token of ${user.email} is not valid for a while`;
  },
  disk: (world) => {
    const device = world.random.pick(world.devices);
    const condition = world.random.pick(world.setting.diskConditions ?? world.profile.diskFaults) ?? 'hangs';
    if (device?.disk.condition !== 'well') return undefined;
    device.disk.condition = condition;
    world.happened.note(`a disk: ${condition}`);
    if (condition !== 'hangs') world.failDisk(device);
    world.clock.setTimeout(() => (device.disk.condition = 'well'), world.random.between(100, 5_000));
    return `the disk of ${device.name}: ${condition}`;
  },
  slowDisk: (world) => onDevice(world, () => true, ({ disk }) => (disk.delayMs = world.random.between(5, 500)), 'has a disk of another speed'), // prettier-ignore
  clock: (world) => {
    const ms = world.random.between(-3_600_000, 3_600_000);
    if (world.random.chance(0.3)) world.server.jump(ms);
    else world.tab()?.clock.jump(ms);
    world.happened.note(ms < 0 ? 'a clock jumps back' : 'a clock jumps ahead');
    return `a clock jumps by ${ms} ms`;
  },
  status: (world) => {
    if (!world.server.isUp) return undefined;
    const status = world.random.pick(['active', 'active', 'read-only', 'disabled'] as const) ?? 'active';
    world.hasStatusChange = true;
    world.happened.note(`the app becomes ${status}`);
    world.setStatus(status);
    return `the app becomes ${status}`;
  },
  flap: (world) => {
    if (!world.server.isUp) return undefined;
    const status = world.random.pick(['read-only', 'disabled'] as const) ?? 'disabled';
    world.hasStatusChange = true;
    world.setStatus(status);
    world.clock.setTimeout(() => world.setStatus('active'), world.random.between(1, 200));
    return `for a moment, the app is ${status}`;
  },
  signInRace: signInRace,
  schema: changeSchema,
  mend: makeMissing,
};

function write(world: World, isInvalid: boolean, on?: Tab): string | undefined {
  const tab = on ?? world.tab(({ clock }) => !clock.isFrozen);
  const { random, history } = world;
  if (!tab?.reactor.account.isLoaded || !tab.reactor.state.session.isWritable) return undefined;
  const register = registerOf(world);
  const record = history.add({ id: random.uuid(), tab: tab.name, register, owner: tab.reactor.account.user?.id ?? '', isInvalid });
  const missing = random.uuid();
  if (isInvalid) world.missing.set(record.id, missing);
  // Attributes that nobody has made before, or somebody else is about to make.
  const more = random.chance(world.profile.newAttr) ? { [`extra${random.between(1, 6)}${world.period}`]: record.seq } : {};
  const chunks = [
    tx['marks']?.[record.id]?.update({ number: record.seq, ...more }),
    isInvalid
      ? tx['registers']?.[missing]?.update({ value: 0 }, { upsert: false })
      : tx['registers']?.[register]?.update({ value: record.seq }),
  ];
  world.follow(record, tab.reactor.writes.transact(chunks));
  return `${tab.name} makes ${isInvalid ? 'an invalid' : 'a'} write, number ${record.seq}`;
}

function registerOf({ random, period }: World): string {
  const register = random.pick(registers) ?? '';
  return period && random.chance(0.5) ? register.slice(0, -period.length) + period : register;
}

/** Somebody signs in, and another thing happens before that is stored or known to all tabs. */
function signInRace(world: World): string | undefined {
  const { random, clock } = world;
  const device = random.pick(world.devices);
  const tab = device?.tabs.find((each) => !each.clock.isFrozen);
  if (!device || !tab) return undefined;
  const user = random.pick([...world.users, undefined]);
  world.signIn(device, user);
  const [what, race] = random.pick(races) ?? ['', () => {}];
  clock.setTimeout(() => race(world, device, tab), random.between(0, device.disk.delayMs * 3));
  return `${user?.email ?? 'nobody'} signs in in ${tab.name}, and soon ${what}`;
}

const races: readonly (readonly [what: string, race: (world: World, device: Device, tab: Tab) => void])[] = [
  ['that tab is killed', (world, device, tab) => killOneOf(world, device, tab)],
  [
    'the leader is killed',
    (world, device) =>
      killOneOf(
        world,
        device,
        device.tabs.find(({ reactor }) => reactor.isLeader),
      ),
  ],
  ['a tab opens', (world, device) => void (device.tabs.length < world.profile.mostTabs && world.open(device))],
  [
    'that tab writes',
    (world, device, tab) => {
      if (device.tabs.includes(tab) && !tab.clock.isFrozen) write(world, false, tab);
    },
  ],
];

function killOneOf(world: World, device: Device, tab: Tab | undefined): void {
  if (tab && device.tabs.length > 1 && device.tabs.includes(tab)) killTab(world, tab);
}

function killTab(world: World, tab: Tab): void {
  if (tab.reactor.isLeader && tab.device.tabs.length > 1) world.happened.note('a leader of several tabs is killed');
  world.noteErrors(tab);
  world.history.killed.add(tab.name);
  for (const [token, asker] of world.asked) if (asker === tab) world.asked.delete(token);
  tab.device.kill(tab);
}

function freezeTab(world: World, { device, reactor, clock }: Tab): void {
  if (reactor.isLeader && device.tabs.length > 1) world.happened.note('a leader of several tabs is frozen');
  clock.freeze();
}

/** A write that the server must refuse makes an entity, and another, made before that is known, builds on it. */
function dependentWrite(world: World): string | undefined {
  const { random, history } = world;
  const tab = world.tab(({ clock }) => !clock.isFrozen);
  if (!tab?.reactor.account.isLoaded || !tab.reactor.state.session.isWritable) return undefined;
  const about = { tab: tab.name, register: '', owner: tab.reactor.account.user?.id ?? '', isInvalid: true };
  const maker = history.add({ ...about, id: random.uuid() });
  const dependent = history.add({ ...about, id: random.uuid(), isDependent: true });
  const { writes } = tab.reactor;
  const missing = tx['registers']?.[random.uuid()]?.update({ value: 0 }, { upsert: false });
  world.follow(maker, writes.transact([tx['marks']?.[maker.id]?.create({ number: maker.seq }), missing]));
  const chunks = [tx['marks']?.[maker.id]?.update({ note: 'late' }), tx['marks']?.[dependent.id]?.update({ number: dependent.seq })];
  world.follow(dependent, writes.transact(chunks));
  return `${tab.name} makes an invalid write, number ${maker.seq}, and one that depends on it, number ${dependent.seq}`;
}

function forAWhile({ clock, random }: World, story: string, set: (isOn: boolean) => void): string {
  set(true);
  clock.setTimeout(() => set(false), random.between(100, 1_500));
  return `for a while, ${story}`;
}

function whileUp({ server }: World, down: () => void, what: string): string | undefined {
  if (!server.isUp) return undefined;
  down();
  return `the server ${what}`;
}

function onDevice(world: World, isFit: (device: Device) => boolean, run: (device: Device) => unknown, what: string): string | undefined {
  const device = world.random.pick(world.devices.filter(isFit));
  if (device) run(device);
  return device && `${device.name} ${what}`;
}

function onTab(world: World, isFit: (tab: Tab) => boolean, run: (tab: Tab) => unknown, what: string): string | undefined {
  const tab = world.tab(isFit);
  if (tab) run(tab);
  return tab && `${tab.name} ${what}`;
}
