// Time slicing of large results, for programs that set `yieldEvery`.

import { lazy } from '../lazy.ts';

export const loadSlicing = lazy(() => import('./sliced-transport.ts'));
