// What one does on the board, in words.

import type { Locator, Page } from 'playwright-core';
import { expect } from 'vitest';

export const column = (page: Page, name: string): Locator => page.getByRole('region', { name, exact: true });
export const card = (page: Page, title: string): Locator => page.locator('li[data-task]', { has: page.getByText(title, { exact: true }) });
export const panel = (page: Page): Locator => page.getByRole('complementary', { name: 'Task' });

export async function addProject(page: Page, name: string): Promise<void> {
  const button = page.getByRole('button', { name: 'New project' });
  const field = page.getByLabel('Name of the project');
  await button.or(field).first().waitFor();
  if (await button.isVisible()) await button.click();
  await field.fill(name);
  await field.press('Enter');
  await column(page, 'To do').waitFor();
}

export async function typeTask(page: Page, status: string, title: string): Promise<void> {
  const field = page.getByLabel(`New task in ${status}`);
  await field.fill(title);
  await field.press('Enter');
}

export async function addTask(page: Page, status: string, title: string): Promise<void> {
  await typeTask(page, status, title);
  await card(page, title).waitFor();
}

/** The titles of a column, top down; waits until they are these. */
export async function holds(page: Page, name: string, titles: readonly string[]): Promise<void> {
  await expect.poll(() => column(page, name).locator('.title').allTextContents()).toEqual(titles);
}

export async function saved(page: Page): Promise<void> {
  await page.locator('.saved[data-state=saved]').waitFor();
}

/** By mouse, onto the upper half of another card, or into an empty column. */
export async function drag(page: Page, title: string, onto: Locator): Promise<void> {
  const [from, to] = [await card(page, title).boundingBox(), await onto.boundingBox()];
  if (!from || !to) throw new Error(`${title} cannot be dragged: it is not on the page`);
  await page.mouse.move(from.x + 40, from.y + 15);
  await page.mouse.down();
  await page.mouse.move(from.x + 60, from.y + 25);
  await page.mouse.move(to.x + to.width / 2, to.y + 6, { steps: 4 });
  await page.locator('.gap').waitFor();
  await page.mouse.up();
}
