// Tokens and codes: created from secure randomness, stored as hashes only, compared in constant time.

import { createHash, randomBytes, randomInt, randomUUID, timingSafeEqual } from 'node:crypto';

export function newToken(): string {
  return randomUUID();
}

/** Hash of the UUID's 16 bytes; text that is not a UUID hashes to a value no token has. */
export function hashToken(token: string): string {
  return sha256(Buffer.from(token.replaceAll('-', ''), 'hex'));
}

/** A code of six digits. */
export function newCode(): string {
  return String(randomInt(1_000_000)).padStart(6, '0');
}

export function newSalt(): string {
  return randomBytes(16).toString('hex');
}

export function hashCode(code: string, salt: string): string {
  return sha256(Buffer.from(`${salt} ${code}`, 'utf8'));
}

export function hashText(text: string): string {
  return sha256(Buffer.from(text, 'utf8'));
}

/** Compares two texts in constant time. */
export function isSameSecret(a: string, b: string): boolean {
  return timingSafeEqual(Buffer.from(sha256(Buffer.from(a, 'utf8')), 'hex'), Buffer.from(sha256(Buffer.from(b, 'utf8')), 'hex'));
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
