// A program that opens clients of both backends in every state and closes them. It ends by itself if nothing of them is left. Its arguments: the
// URLs of the two servers, and a token of the second.

import { createInsforgeClient } from '../../src/insforge/index.ts';
import { createRealtimePlatformClient, RealtimeClient } from '../../src/realtime-platform/index.ts';

const [, , insforgeUrl = '', platformUrl = '', token = ''] = process.argv;
const nowhere = 'http://127.0.0.1:1';
const never = (): Promise<never> => new Promise(() => {});
const failures: string[] = [];
const code = (promise: Promise<unknown>): Promise<void> =>
  promise.then(
    () => void failures.push('none'),
    (error: { code?: string }) => void failures.push(String(error.code)),
  );

const insforge = createInsforgeClient({ baseUrl: insforgeUrl, anonKey: 'anon_everyone' });
const room = insforge.room('chat', '1', { ack: 'echo', sharePresence: true });
room.onPresence(() => {});
await room.join();
const pending = [code(room.publish('unanswered', 1))];

const unreachable = createInsforgeClient({ baseUrl: nowhere, anonKey: 'anon_everyone' });
pending.push(code(unreachable.room('chat', '1').join()));

const signedOut = createInsforgeClient({ baseUrl: insforgeUrl, getToken: never });
pending.push(code(signedOut.connect()));

const platform = createRealtimePlatformClient({ url: platformUrl, token, applicationId: 'app_demo' });
const channel = platform.channel('chat:1');
channel.onPresence(() => {});
await channel.join();
platform.watch('board', 'd', () => {});
await platform.subscribe({ topic: 'a.b' }, () => {}).ready;
pending.push(code(platform.raw('GET', '/silent')));

const plain = createRealtimePlatformClient({ url: platformUrl, token, transport: 'ws' });
await plain.connect();
const lost = createRealtimePlatformClient({ url: nowhere, token, transport: 'ws' });
pending.push(code(lost.connect()));
const tokenless = createRealtimePlatformClient({ url: platformUrl, getToken: never, applicationId: 'app_demo' });
pending.push(code(tokenless.topics.list()), code(tokenless.connect()));
const vendor = new RealtimeClient({ url: nowhere, token });

await new Promise((resolve) => setTimeout(resolve, 100));
for (const client of [insforge, unreachable, signedOut, platform, plain, lost, tokenless]) await client.close();
vendor.disconnect();
await Promise.all(pending);
process.stdout.write(`${failures.join(' ')}\n`);
