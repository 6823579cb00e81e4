/** Seeds of which something is violated that is not understood yet. The list is to become empty. */
export const openSeeds: ReadonlySet<number> = new Set([112, 204, 367, 376, 396]);
