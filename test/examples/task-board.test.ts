// The task board as it is started, in two windows of a real browser.

import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';

import { addProject, addTask, card, column, drag, holds, panel, saved, typeTask } from './board.ts';
import { runExample } from './run.ts';
import { tried } from './tried.ts';

const example = tried('task-board', '--memory', '--empty', '--port', '0');
let projects = 0;

/** Two people at a project of their own, with these tasks to do. */
async function together(...tasks: readonly string[]): Promise<[ana: Page, bea: Page]> {
  const name = `Project ${++projects}`;
  const ana = await example.windows.open(`${example.url}?me=Ana`);
  await addProject(ana, name);
  for (const task of tasks) await addTask(ana, 'To do', task);
  await saved(ana);
  const bea = await example.windows.open(`${example.url}?me=Bea`);
  await bea.getByRole('link', { name, exact: true }).click();
  await holds(bea, 'To do', tasks);
  return [ana, bea];
}

async function offline(page: Page, isOffline: boolean): Promise<void> {
  await page.context().setOffline(isOffline);
  await page.getByText('You are offline.').waitFor({ state: isOffline ? 'visible' : 'detached' });
}

test('an empty board, a first project that is kept on reload, and the address of a missing project', async () => {
  const page = await example.windows.open(example.url);
  await page.getByRole('heading', { name: 'Begin with a project' }).waitFor();
  await addProject(page, 'The first');
  await holds(page, 'Ideas', []);
  await page.reload();
  await page.getByRole('link', { name: 'The first' }).and(page.locator('[aria-current=page]')).waitFor();
  await page.goto(`${example.url}#/11111111-1111-4111-8111-111111111111`);
  await page.getByRole('heading', { name: 'This project is gone' }).waitFor();
});

test('without cached data and without a connection the page says so', async () => {
  const page = await example.windows.open('about:blank');
  await page.routeWebSocket(/runtime/, (socket) => void socket.close());
  await page.route(/runtime/, (route) => route.abort());
  await page.goto(example.url);
  await page.getByText('Connecting…').waitFor();
  await page.getByRole('heading', { name: 'Nothing is on this device yet' }).waitFor();
  await page.getByLabel('Keys').click();
  await page.getByText('move the task').waitFor();
  await page.keyboard.press('Escape');
  await page.getByText('move the task').waitFor({ state: 'hidden' });
});

test('on a network that blocks WebSockets, changes are saved through the event stream', async () => {
  const page = await example.windows.open('about:blank');
  await page.routeWebSocket(/runtime/, (socket) => void socket.close());
  await page.goto(example.url);
  await addProject(page, 'By event stream');
  await addTask(page, 'To do', 'Get through');
  await saved(page);
});

test('two users see each other, and both change one task at the same time', async () => {
  const [ana, bea] = await together('Buy paint', 'Wash brushes');
  await ana.getByLabel('Also here').getByTitle('Bea').waitFor();
  await bea.getByLabel('Also here').getByTitle('Ana').waitFor();
  await ana.mouse.move(300, 300);
  await ana.mouse.move(320, 310);
  await bea.locator('.cursor', { hasText: 'Ana' }).waitFor();

  await card(bea, 'Buy paint').click();
  await card(ana, 'Buy paint').getByTitle('Bea').waitFor();
  await panel(bea).getByLabel('Title').fill('Buy blue paint');
  await Promise.all([drag(ana, 'Buy paint', column(ana, 'Done').locator('ul')), panel(bea).getByLabel('Title').press('Enter')]);
  for (const page of [ana, bea]) {
    await holds(page, 'Done', ['Buy blue paint']);
    await holds(page, 'To do', ['Wash brushes']);
  }
});

test('users comment on a task and see who is typing', async () => {
  const [ana, bea] = await together('Find a date');
  for (const page of [ana, bea]) await card(page, 'Find a date').click();
  await panel(bea).getByLabel('New comment').pressSequentially('Friday?');
  await panel(ana).getByText('Bea …').waitFor();
  await panel(bea).getByLabel('New comment').press('Enter');
  await panel(ana).getByText('Friday?').waitFor();
  await card(ana, 'Find a date').getByLabel('1 comments').waitFor();
});

test('cards can be dragged within a column and moved by keyboard', async () => {
  const [ana, bea] = await together('One', 'Two', 'Three');
  await drag(ana, 'Three', card(ana, 'One'));
  await holds(bea, 'To do', ['Three', 'One', 'Two']);
  await card(ana, 'Two').getByRole('button').focus();
  await ana.keyboard.press('ArrowUp');
  await ana.keyboard.press('Shift+ArrowUp');
  await holds(bea, 'To do', ['One', 'Three', 'Two']);
  await ana.keyboard.press('Shift+ArrowRight');
  await holds(bea, 'In progress', ['One']);
  await expect.poll(() => ana.evaluate(() => document.activeElement?.textContent)).toBe('One');
  await ana.keyboard.press('Delete');
  await holds(bea, 'In progress', []);
  await ana.keyboard.press('Control+z');
  await holds(bea, 'In progress', ['One']);
});

test('offline: writes are queued, outlive a reload without a network, and then arrive', async () => {
  const [ana, bea] = await together('Pack', 'Drive');
  await ana.evaluate(() => navigator.serviceWorker.ready);
  await offline(ana, true);
  await addTask(ana, 'To do', 'Swim');
  await drag(ana, 'Pack', column(ana, 'Done').locator('ul'));
  await ana.getByText('2 changes wait').waitFor();
  await addTask(bea, 'Ideas', 'Sail');
  await holds(bea, 'To do', ['Pack', 'Drive']);

  await ana.reload();
  await ana.getByText('2 changes wait').waitFor();
  await holds(ana, 'To do', ['Drive', 'Swim']);
  await holds(ana, 'Done', ['Pack']);
  await addTask(ana, 'To do', 'Sleep');
  await ana.getByText('3 changes wait').waitFor();

  await offline(ana, false);
  for (const page of [ana, bea]) {
    await holds(page, 'To do', ['Drive', 'Swim', 'Sleep']);
    await holds(page, 'Done', ['Pack']);
    await holds(page, 'Ideas', ['Sail']);
  }
  await saved(ana);
});

test('a rejected write is shown with its reason, and can be retried or discarded', async () => {
  const [ana, bea] = await together();
  await offline(ana, true);
  await addTask(ana, 'To do', 'Order flowers');
  await addTask(bea, 'Ideas', 'Order flowers');
  await saved(bea);
  await offline(ana, false);
  const refusal = ana.getByRole('alert');
  await refusal.getByText('New task “Order flowers” was not saved. There is one of this name already.').waitFor();
  await holds(ana, 'To do', []);
  await holds(ana, 'Ideas', ['Order flowers']);

  await ana.reload();
  const first = await refusal.getAttribute('data-write');
  await refusal.getByRole('button', { name: 'Try again' }).click();
  await ana.locator(`[data-write]:not([data-write="${first}"])`).waitFor();
  await card(bea, 'Order flowers').click();
  await panel(bea).getByLabel('Title').fill('Order roses');
  await panel(bea).getByLabel('Title').press('Enter');
  await holds(ana, 'Ideas', ['Order roses']);
  await refusal.getByRole('button', { name: 'Try again' }).click();
  await refusal.waitFor({ state: 'detached' });
  await holds(bea, 'To do', ['Order flowers']);

  // Refused so soon that nobody may see it on the board.
  await typeTask(ana, 'Done', 'order  FLOWERS');
  await refusal.getByText('was not saved').waitFor();
  await refusal.getByRole('button', { name: 'Discard' }).click();
  await refusal.waitFor({ state: 'detached' });
  await holds(ana, 'Done', []);
});

test('a write that the rules deny is shown with the reason, and succeeds once they allow it', async () => {
  const [ana, bea] = await together('Harvest');
  await drag(ana, 'Harvest', column(ana, 'Done').locator('ul'));
  await holds(bea, 'Done', ['Harvest']);
  await card(ana, 'Harvest').getByRole('button').focus();
  await ana.keyboard.press('Delete');
  const refusal = ana.getByRole('alert');
  await refusal.getByText('Delete “Harvest” was not saved. The rules of this board do not allow it').waitFor();
  await holds(ana, 'Done', ['Harvest']);
  await card(bea, 'Harvest').click();
  await panel(bea).getByLabel('Column').selectOption('Ideas');
  await holds(ana, 'Ideas', ['Harvest']);
  await refusal.getByRole('button', { name: 'Try again' }).click();
  await holds(bea, 'Ideas', []);
  await refusal.waitFor({ state: 'detached' });
});

test('undo and redo apply to the user’s own changes, comments included', async () => {
  const [ana, bea] = await together('Plant', 'Water');
  await card(ana, 'Plant').click();
  await panel(ana).getByLabel('New comment').fill('Deep enough');
  await panel(ana).getByLabel('New comment').press('Enter');
  await panel(ana).getByText('Deep enough').waitFor();
  await panel(ana).getByLabel('Delete task').click();
  await holds(bea, 'To do', ['Water']);
  await card(bea, 'Water').click();
  await panel(bea).getByLabel('Column').selectOption('In progress');
  await holds(ana, 'In progress', ['Water']);

  await ana.getByRole('button', { name: 'Undo' }).click();
  await holds(bea, 'To do', ['Plant']);
  await holds(bea, 'In progress', ['Water']);
  await card(bea, 'Plant').click();
  await panel(bea).getByText('Deep enough').waitFor();
  await ana.getByRole('button', { name: 'Redo' }).click();
  await panel(bea).getByRole('heading', { name: 'This task is gone' }).waitFor();
});

test('the page fits a narrow screen in dark mode', async () => {
  const page = await example.windows.open(example.url, { colorScheme: 'dark', viewport: { width: 380, height: 700 } });
  await addProject(page, 'In a pocket');
  await addTask(page, 'Ideas', 'A task with a title that is longer than the screen is wide, as titles are');
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(380);
  const [red = 255] = (await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).match(/\d+/g) ?? [];
  expect(Number(red)).toBeLessThan(60);
  await card(page, 'A task with').or(page.locator('.card')).first().click();
  await expect.poll(async () => (await panel(page).boundingBox())?.width).toBe(380);
});

describe('a board that cannot start reports it in one message', () => {
  test.each([
    [['--port', 'x'], "The board did not start: --port takes a number up to 65535, not 'x'\n"],
    [['--twice'], /Unknown option '--twice'/],
  ])('%j', async (args, message) => {
    const { status, err } = await runExample('task-board', '--memory', ...args).ended;
    expect(status).toBe(1);
    expect(err).toMatch(message);
  });
});
