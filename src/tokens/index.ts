/**
 * User tokens on the server: kept per session, renewed by themselves, and attached to outgoing calls.
 *
 * @packageDocumentation
 */

export { createTokenManager } from './create-token-manager.js'
export type {
  TokenManager,
  TokenManagerOptions,
  AccessTokenOptions,
  SignInTokens,
  SignInSession,
} from './token-manager.js'
export type {
  AccessTokenResult,
  AccessTokenSuccess,
  AccessTokenFailure,
} from './access-token-result.js'
export {
  TokenUnavailableError,
  type TokenUnavailableCode,
  type TokenUnavailableDetails,
} from './token-unavailable-error.js'
export type { TokenEvent, TokenEventHandler } from './token-events.js'
export { fingerprint } from './fingerprint.js'

export {
  createUserFetch,
  type UserFetch,
  type UserFetchOptions,
  type UserRequestInit,
} from './user-fetch.js'
export {
  userTokenContext,
  runAsUser,
  currentUser,
  type UserTokenContextOptions,
} from './user-context.js'

export { openidClient } from './openid-client.js'
export {
  TokenRequestError,
  type TokenClient,
  type TokenEndpointResponse,
  type TokenParameters,
} from './token-client.js'

export {
  formatUserToken,
  parseUserToken,
  type AccessToken,
  type UserToken,
  type UserKey,
} from './user-token.js'
export type {
  UserTokenStore,
  StoredUserToken,
  UserTokenCondition,
  UserTokenLock,
} from './user-token-store.js'
export {
  createMemoryUserTokenStore,
  type MemoryUserTokenStoreOptions,
} from './memory-user-token-store.js'
export { createSessionUserTokenStore } from './session-user-token-store.js'
