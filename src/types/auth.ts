// What a client tells the web server of its own program, so that this knows who is signed in when it renders a page.

// Who is signed in, and what the calls that sign people in take and give.

/* eslint-disable @typescript-eslint/no-explicit-any -- extra fields are of whatever shape the program's `$users` have */

export type User = {
  id: string;
  refresh_token: string;
  email?: string | null | undefined;
  imageURL?: string | null | undefined;
  type?: 'user' | 'guest' | undefined;
  isGuest: boolean;
};

export type AuthToken = string;

type Failure = { message: string };

export type AuthResult = { user: User | undefined; error: undefined } | { user: undefined; error: Failure };

export type AuthState =
  | { isLoading: true; error: undefined; user: undefined }
  | { isLoading: false; error: Failure; user: undefined }
  | { isLoading: false; error: undefined; user: User | null | undefined };

export type SendMagicCodeParams = { email: string };
export type SendMagicCodeResponse = { sent: true };

/** The token of a guest who is signing in: the guest becomes the user. */
type Upgrade = { refreshToken?: string | undefined };

/** What a new user is created with. */
type ExtraFields = { extraFields?: Record<string, any> | undefined };

export type VerifyMagicCodeParams = { email: string; code: string } & Upgrade;
export type VerifyResponse = { user: User };

export type CheckMagicCodeParams = { email: string; code: string } & Upgrade & ExtraFields;
export type CheckMagicCodeResponse = { user: User; created: boolean };

export type VerifyRefreshTokenParams = { refreshToken: string };
export type SignInAsGuestParams = ExtraFields;

export type ExchangeCodeForTokenParams = { code: string; codeVerifier?: string } & Upgrade & ExtraFields;

export type SignInWithIdTokenParams = {
  idToken: string;
  clientName: string;
  nonce?: string | null | undefined;
  refreshToken?: string;
} & ExtraFields;

export type SignoutParams = { refreshToken: string };
export type SignoutOpts = { invalidateToken?: boolean };

export type CreateAuthorizationURLParams = {
  /** The name the OAuth client has in the app. */
  clientName: string;
  /** Where someone returns to, with a code. */
  redirectURL: string;
} & ExtraFields;

/** What can be told, by type. */
export type InstantRouteHandlerPayloadByType = { 'sync-user': { appId: string; user: User | null } };

export type InstantRouteHandlerType = keyof InstantRouteHandlerPayloadByType;

/** A message with its type. */
export type InstantRouteHandlerBody<Type extends InstantRouteHandlerType = InstantRouteHandlerType> = {
  [T in Type]: { type: T } & InstantRouteHandlerPayloadByType[T];
}[Type];
