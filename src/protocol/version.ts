// The versions a client declares in `init`, and the features a server derives from them. PROTOCOL.md#versions

import { isObject } from '../lib/json.ts';

/** The release of this package. */
export const ownVersion = '0.1.0';

/** The version of `@instantdb/core` whose protocol this package speaks; servers select features by it. */
const protocolVersion = '1.0.67';

/** The `versions` field of `init`. */
export const declaredVersions = { '@instantdb/core': `v${protocolVersion}`, triplane: `v${ownVersion}` } as const;

/** Features a client supports. */
export interface Features {
  /** Room changes as `patch-presence`; otherwise as `refresh-presence`. */
  readonly patchPresence: boolean;
  /** `attrs` in a `refresh-ok` only if they changed; otherwise always. */
  readonly skipAttrs: boolean;
  /** Several messages in one frame. */
  readonly batches: boolean;
}

/** Derives the features from the `versions` of an `init`. Missing or malformed versions give the features of the first protocol. */
export function supportedFeatures(versions: unknown): Features {
  const core = isObject(versions) ? parse(versions['@instantdb/core']) : undefined;
  return {
    patchPresence: isAfter(core, [0, 17, 5]),
    skipAttrs: isAfter(core, [0, 20, 4]),
    batches: isAfter(core, [0, 22, 75]),
  };
}

type Version = readonly [major: number, minor: number, patch: number];

const pattern = /^v?(\d{1,9})\.(\d{1,9})\.(\d{1,9})(?:-dev)?$/;

function parse(text: unknown): Version | undefined {
  const [, major, minor, patch] = (typeof text === 'string' && pattern.exec(text)) || [];
  return major === undefined ? undefined : [Number(major), Number(minor), Number(patch)];
}

function isAfter(version: Version | undefined, other: Version): boolean {
  if (!version) return false;
  const at = version.findIndex((part, index) => part !== other[index]);
  return at !== -1 && Number(version[at]) > Number(other[at]);
}
