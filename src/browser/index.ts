/**
 * The sign-in of `express-jwt-bearer/session`, seen from the page. No dependencies.
 *
 * @packageDocumentation
 */

export { createAuthClient, type AuthClient, type AuthClientOptions } from './auth-client.js'
export type { ClientState } from './page-session.js'
export type { TokenStorage } from './token-store.js'
export type {
  LoginChangeListener,
  TokenResponse,
  TokenStoreService,
} from './token-store-service.js'
export type { AppUser, AuthState } from './auth-state.js'
export { safeReturnUrl, type SafeReturnUrlOptions } from './safe-return-url.js'
