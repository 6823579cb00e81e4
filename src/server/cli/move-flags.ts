// The flags of `triplane import`, `triplane export` and `triplane migrate`.

export const moveOptions = {
  files: { type: 'string' },
  resume: { type: 'boolean' },
  restart: { type: 'boolean' },
  replace: { type: 'boolean' },
  relax: { type: 'boolean' },
  'client-secret': { type: 'string', multiple: true },
  'with-secrets': { type: 'boolean' },
  write: { type: 'boolean' },
} as const;

export const moveHelp = `
  triplane import <zip>     Take an app over from a backup of InstantDB, or of triplane export.
  triplane export <zip>     Write an app as such a backup.
  triplane migrate          Show what a project that uses @instantdb/* has to change; --write changes it.

  --resume, --restart       Continue an interrupted import, or begin it again.
  --replace                 Replace the app that is there.
  --relax                   Remove the constraints that the data does not meet.
  --client-secret <n>=<s>   Secret of a sign-in client, which a backup contains only encrypted.
  --with-secrets            Export the secrets of sign-in clients, readable.
  --files <folder>          Where files are kept, with --database.
`;

export interface MoveFlags {
  readonly data?: string | undefined;
  readonly database?: string | undefined;
  readonly memory?: boolean | undefined;
  readonly 'app-id'?: string | undefined;
  readonly 'admin-token'?: string | undefined;
  readonly url?: string | undefined;
  readonly files?: string | undefined;
  readonly resume?: boolean | undefined;
  readonly restart?: boolean | undefined;
  readonly replace?: boolean | undefined;
  readonly relax?: boolean | undefined;
  readonly 'client-secret'?: string[] | undefined;
  readonly 'with-secrets'?: boolean | undefined;
  readonly write?: boolean | undefined;
  readonly quiet?: boolean | undefined;
}
