// The versions that the admin SDK reports. Informational: no server requires them. PROTOCOL.md#versions

import { declaredVersions } from '../protocol/version.ts';

const spoken = declaredVersions['@instantdb/core'];

/** On every call. */
export const adminVersions = { 'instant-admin-version': spoken, 'instant-core-version': spoken } as const;

/** In the body that opens an event stream. */
export const sessionVersions = { '@instantdb/admin': spoken, ...declaredVersions } as const;
