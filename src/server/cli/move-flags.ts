// The flags of `triplane import`, `triplane export` and `triplane migrate`.

export const moveOptions = {
  from: { type: 'string' },
  follow: { type: 'boolean' },
  live: { type: 'boolean' },
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
  triplane import --from <url> --app-id <uuid> --admin-token <uuid>
                            Take an app over from a running server, such as https://api.instantdb.com.
  triplane export <zip>     Write an app as such a backup.
  triplane migrate          Show what a project that uses @instantdb/* has to change; --write changes it.

  --follow                  With --from: keep the copy up to date until Enter is pressed or the old app is read-only.
  --live                    With --from: read by queries though the server makes backups.
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
  readonly from?: string | undefined;
  readonly follow?: boolean | undefined;
  readonly live?: boolean | undefined;
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
