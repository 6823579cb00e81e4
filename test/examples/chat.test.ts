// The chat as it is started, in two windows of a real browser, on each of its backends.

import { expect, test } from 'vitest';

import { tried } from './tried.ts';

const example = tried('chat', '--port', '0');

test.each(['Triplane', 'InsForge', 'Realtime Platform'])('two users chat on %s', { timeout: 60_000 }, async (backend) => {
  const [ana, ben] = [await example.windows.open(`${example.url}?me=Ana`), await example.windows.open(`${example.url}?me=Ben`)];
  for (const page of [ana, ben]) await page.getByLabel('Backend').selectOption(backend);
  await ana.getByText('Here: Ben').waitFor();
  await ben.getByText('Here: Ana').waitFor();
  await ben.getByLabel('Message', { exact: true }).pressSequentially('Hello');
  await ana.getByText('Ben is typing…').waitFor();
  await ben.getByRole('button', { name: 'Send' }).click();
  await ana.getByLabel('Messages').getByText('Hello').waitFor();
  await ana.getByLabel('Message', { exact: true }).fill('Hello yourself');
  await ana.getByRole('button', { name: 'Send' }).click();
  for (const page of [ana, ben]) await expect.poll(() => page.locator('li').allTextContents()).toEqual(['Ben Hello', 'Ana Hello yourself']);
  await ben.close();
  await ana.getByText('Nobody else is here.').waitFor();
});
