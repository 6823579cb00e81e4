// All that goes over HTTP: signing in and out, coming back from a provider, files, and telling the program's own web server. Loaded with the
// first such call, together, as whoever makes one often makes another: http-part.ts.

export {
  checkMagicCode,
  exchangeCodeForToken,
  sendMagicCode,
  signInAsGuest,
  signInWithIdToken,
  signOut,
  verifyRefreshToken,
} from '../http/auth.ts';
export { deleteFile, getDownloadUrl, uploadFile } from '../http/files.ts';
export { syncCookie } from './auth-cookie.ts';
export { completeOAuthRedirect } from './oauth-redirect.ts';
