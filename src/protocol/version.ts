// The versions a client declares in `init`, and what a server concludes from them. PROTOCOL.md#versions

import { isObject } from '../lib/json.ts';

/** The release of this package. */
export const ownVersion = '0.1.0';

/** Servers go by the version of `@instantdb/core`; this is the one whose protocol we speak. */
const protocolVersion = '1.0.67';

/** What `init` carries. */
export const declaredVersions = { '@instantdb/core': `v${protocolVersion}`, triplane: `v${ownVersion}` } as const;

/** What a client can take. */
export interface Features {
  /** Changes of a room as `patch-presence`; else every change is a `refresh-presence`. */
  readonly patchPresence: boolean;
  /** `attrs` in a `refresh-ok` only if they changed; else in each. */
  readonly skipAttrs: boolean;
  /** Several messages in one frame. */
  readonly batches: boolean;
}

/** From the `versions` of an `init`: nothing beyond the first protocol, if they are missing or make no sense. */
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
