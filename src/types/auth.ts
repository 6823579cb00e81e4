// Types of the authentication API, and of the messages with which a client tells the app's own web server who is signed in, for server-side
// rendering.

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

/** The refresh token of a guest who signs in: the guest account becomes the user's account. */
type Upgrade = { refreshToken?: string | undefined };

/** Fields for a newly created user. */
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
  /** The name of the OAuth client in the app. */
  clientName: string;
  /** The URL to which the provider redirects, with a code. */
  redirectURL: string;
} & ExtraFields;

/** Payloads by message type. */
export type InstantRouteHandlerPayloadByType = { 'sync-user': { appId: string; user: User | null } };

export type InstantRouteHandlerType = keyof InstantRouteHandlerPayloadByType;

/** A message with its type. */
export type InstantRouteHandlerBody<Type extends InstantRouteHandlerType = InstantRouteHandlerType> = {
  [T in Type]: { type: T } & InstantRouteHandlerPayloadByType[T];
}[Type];
