// Everything that goes over HTTP, as one lazily loaded module.

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
export { request } from '../http/request.ts';
export { syncCookie } from './auth-cookie.ts';
export { completeOAuthRedirect } from './oauth-redirect.ts';
