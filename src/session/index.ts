/**
 * One sign-in for server-rendered and client-rendered pages: the cookie, its routes, and the state
 * for the page.
 *
 * @packageDocumentation
 */

export { createSession, type Session } from './session.js'
export type { SessionOptions } from './options.js'
export {
  memorySessionStore,
  type MemorySessionStoreOptions,
  type EndableSessionStore,
  type SessionRecord,
  type SessionStore,
} from './session-store.js'
export { sameOriginGuard, type SameOriginGuardOptions } from './same-origin-guard.js'
export { backchannelLogout } from './backchannel-logout.js'
export type { BackchannelLogoutOptions, LogoutNotice } from './logout-options.js'
export { loginRedirect, type LoginRedirectOptions } from './login-redirect.js'
export { authState } from './auth-state.js'
export { renderAuthState, renderJson, type RenderAuthStateOptions } from './render-auth-state.js'
export { safeReturnUrl, type SafeReturnUrlOptions } from '../browser/safe-return-url.js'
export type { AppUser, AuthState } from '../browser/auth-state.js'
export type {
  LoginChangeListener,
  TokenResponse,
  TokenStoreService,
} from '../browser/token-store-service.js'
