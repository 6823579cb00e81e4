// Every name that the official React package exports, and where ours is. test/react/names.test.ts holds this list to both.

/** What a program can call or extend. */
export const officialReactValues: Readonly<Record<string, string>> = {
  createInstantRouteHandler: 'triplane',
  Cursors: 'src/react/cursors.ts',
  i: 'triplane',
  id: 'triplane',
  init: 'src/react/init.ts',
  init_experimental: 'src/react/init.ts#init',
  InstantAPIError: 'triplane',
  InstantReactAbstractDatabase: 'src/react/database.ts',
  InstantReactWebDatabase: 'src/react/database.ts',
  lookup: 'triplane',
  setInstantWarningsEnabled: 'triplane',
  StoreInterface: 'triplane',
  SyncTableCallbackEventType: 'triplane',
  tx: 'triplane',
};

/** What its database has, ours having it too, unless it says why not. */
export const officialReactMembers: Readonly<Record<string, string>> = {
  _core: 'same',
  _useAuth: 'same',
  auth: 'same',
  core: 'same',
  getAuth: 'same',
  getLocalId: 'same',
  queryOnce: 'same',
  room: 'same',
  rooms: 'same',
  SignedIn: 'same',
  SignedOut: 'same',
  storage: 'same',
  streams: 'same',
  transact: 'same',
  tx: 'same',
  useAppStatus: 'same',
  useAuth: 'same',
  useConnectionStatus: 'same',
  useInfiniteQuery: 'same',
  useLocalId: 'same',
  useQuery: 'same',
  useUser: 'same',
};
