import { afterEach, describe, expect, it, vi } from 'vitest';
import { id, isUuid } from '../../src/lib/uuid.ts';

const version4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

afterEach(() => vi.unstubAllGlobals());

describe('id', () => {
  it('is a version 4 UUID, different each time', () => {
    const ids = Array.from({ length: 1000 }, id);
    expect(new Set(ids).size).toBe(1000);
    for (const one of ids) expect(one).toMatch(version4);
  });

  it('is a version 4 UUID where the page has no randomUUID', () => {
    const getRandomValues = crypto.getRandomValues.bind(crypto);
    vi.stubGlobal('crypto', { getRandomValues });
    const ids = Array.from({ length: 1000 }, id);
    expect(new Set(ids).size).toBe(1000);
    for (const one of ids) expect(one).toMatch(version4);
  });

  it('writes every byte with two digits', () => {
    vi.stubGlobal('crypto', { getRandomValues: (bytes: Uint8Array) => bytes.fill(0) });
    expect(id()).toBe('00000000-0000-4000-8000-000000000000');
  });
});

describe('isUuid', () => {
  it.each([id(), '96653230-13ff-ffff-a4b4-81ffffffffff', 'AC700000-0000-4000-8000-00000000000A'])('%s is a UUID', (text) => {
    expect(isUuid(text)).toBe(true);
  });

  it.each([undefined, null, 5, '', 'acts', `${id()} `, `x${id()}`, id().replaceAll('-', ''), [id()], { toString: id }])(
    '%s is not a UUID',
    (value) => {
      expect(isUuid(value)).toBe(false);
    },
  );
});
