import { signedOutState, type AppUser, type AuthState } from './auth-state.js'
import { createListeners } from './listeners.js'
import { createTokenStore, type TokenStorage } from './token-store.js'
import type { TokenStoreService } from './token-store-service.js'

/** Who is signed in, as the page should show it now. */
export interface ClientState {
  /** The user, or `null` when nobody is signed in or that is being checked. */
  readonly user: AppUser | null
  /** The claims that the server chose to show. */
  readonly claims: Readonly<Record<string, unknown>>
  /** Whether the server is being asked; nothing private is shown meanwhile. */
  readonly isChecking: boolean
}

/** What the page knows about its user, and the only code that changes it. */
export interface PageSession {
  readonly state: ClientState
  readonly tokens: TokenStoreService
  /** Changes with every sign-in and sign-out: work begun under another number must not write its result. */
  readonly epoch: number
  subscribe(listener: (state: ClientState) => void): () => void
  /** Whether somebody was signed in when the server was last heard, shown or hidden by now. */
  readonly hasUser: boolean
  /** Whatever was under way belongs to the past: a user has signed in, or the page lets go. */
  begin(): void
  /** The server says who is signed in. */
  know(state: AuthState): void
  /** Hides everything until the server has said who is signed in. */
  check(): void
  /** Nobody is signed in any more. */
  end(): Promise<void>
}

/** Creates the page's session, starting from what the server put into the page. */
export function createPageSession(
  storage: TokenStorage,
  initial: AuthState | undefined,
): PageSession {
  const listeners = createListeners<ClientState>()
  let state = visible(initial ?? signedOutState)
  let userId = state.user?.id
  let hasUser = state.user !== null
  let epoch = 0
  const tokens = createTokenStore(storage, () => userId)

  function show(next: ClientState): void {
    state = next
    listeners.tell(next)
  }

  return {
    tokens,
    get state() {
      return state
    },
    get epoch() {
      return epoch
    },
    get hasUser() {
      return hasUser
    },
    subscribe: (listener) => listeners.add(listener),
    begin() {
      epoch += 1
      userId = undefined
    },
    know(next) {
      userId = next.user?.id
      hasUser = userId !== undefined
      show(visible(next))
    },
    check() {
      show({ user: null, claims: {}, isChecking: true })
    },
    async end() {
      epoch += 1
      userId = undefined
      hasUser = false
      show(visible(signedOutState))
      await tokens.clear()
    },
  }
}

// A state without a user comes from an outage: nobody could tell.
function visible({ user, claims }: AuthState): ClientState {
  return { user: user ?? null, claims, isChecking: user === undefined }
}
