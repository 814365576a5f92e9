import { prepareFetch } from './authorized-fetch.js'
import { createListeners } from './listeners.js'
import { connectTabs } from './other-tabs.js'
import { page, type PageShowListener } from './page.js'
import { createPageSession, type ClientState } from './page-session.js'
import { readPageState } from './page-state.js'
import { prepareRecheck } from './recheck.js'
import { prepareRenewal } from './renewal.js'
import { prepareServerCalls } from './server-calls.js'
import type { TokenStorage } from './token-store.js'
import type { TokenStoreService } from './token-store-service.js'

/** What {@link createAuthClient} accepts. */
export interface AuthClientOptions {
  /**
   * The `id` of the `<script type="application/json">` that `renderAuthState()` wrote. Without it the
   * server is asked.
   *
   * @defaultValue `'auth-state'`
   */
  stateId?: string | undefined
  /**
   * The path under which the server's session routes are mounted.
   *
   * @defaultValue `''`
   */
  basePath?: string | undefined
  /**
   * Origins of APIs, besides the page's own, that may see the user's access token.
   *
   * @remarks Whoever runs one of these origins can act as the user until the token is over.
   *
   * @defaultValue `[]`
   */
  origins?: readonly string[] | undefined
  /**
   * Where the page keeps its access token.
   *
   * @remarks With `'localStorage'` and `'sessionStorage'` any script that ever runs on this origin, an
   * injected one above all, can read the token and use it elsewhere; it also outlives the tab.
   *
   * @defaultValue `'memory'`
   */
  storage?: TokenStorage | undefined
  /** Runs when the session has ended without this page's `signOut()`: it is over, or another tab ended it. */
  onSignedOut?: (() => void) | undefined
}

// Milliseconds after which a sign-out has been answered, with time to spare.
const signOutTime = 3_000

/** The sign-in, seen from the page. */
export interface AuthClient {
  /** Who is signed in. The same value until it changes. */
  readonly state: ClientState
  /** The page's token store. */
  readonly tokenStore: TokenStoreService
  /**
   * Signs a user in.
   *
   * @returns Whether the user is signed in now; rejects when the server cannot say.
   */
  signIn(credentials: unknown): Promise<boolean>
  /**
   * Signs the user out, here and in every tab; rejects when the server cannot be told. The user is still
   * signed in then, and shown again once the server has said so.
   */
  signOut(): Promise<void>
  /**
   * Listens for changes of {@link AuthClient.state}.
   *
   * @returns A function that stops listening.
   */
  subscribe(listener: (state: ClientState) => void): () => void
  /**
   * Is the browser's `fetch`, as the signed-in user on the page's own and the allowed origins. A relative
   * address counts from the origin, not from the page: `x` means `/x`.
   */
  readonly fetch: typeof fetch
  /** Lets go of the page: no listeners, no channel, no late results. */
  dispose(): void
}

/**
 * Takes up the server's sign-in in the page, from the state that came with the page and without a request.
 *
 * @example A page that goes to the login when its session is over
 * ```ts
 * const client = createAuthClient({
 *   onSignedOut: () => {
 *     location.href = `/login?ReturnUrl=${encodeURIComponent(location.pathname + location.search)}`
 *   },
 * })
 * const response = await client.fetch('/api/weather')
 * ```
 */
export function createAuthClient(options: AuthClientOptions = {}): AuthClient {
  const { stateId = 'auth-state', basePath = '', origins = [], storage = 'memory' } = options
  const initial = readPageState(stateId)
  const session = createPageSession(storage, initial)
  const server = prepareServerCalls(basePath)
  const recheck = prepareRecheck(session, server, over)
  const renew = prepareRenewal(session, server, over)
  const allowed = new Set([page.location.origin, ...origins.map((url) => new URL(url).origin)])
  const signedOut = createListeners<undefined>()
  if (options.onSignedOut !== undefined) signedOut.add(options.onSignedOut)

  const tabs = connectTabs((message) => {
    if (message === 'signed-in') {
      session.begin()
      check()
    } else if (message === 'signed-out') {
      if (session.hasUser || session.state.isChecking) void over()
    } else if (session.hasUser) {
      // Hidden at once; whether it has worked the other tab says, or the server if that tab is gone.
      check(signOutTime)
    }
  })

  async function over(): Promise<void> {
    const { hasUser } = session
    recheck.stop()
    await session.end()
    if (hasUser) signedOut.tell(undefined)
  }

  function check(delay?: number): void {
    session.check()
    recheck.start(delay)
  }

  const onPageShow: PageShowListener = ({ persisted }) => {
    if (persisted) check()
  }
  page.addEventListener('pageshow', onPageShow)

  if (initial?.user === undefined) {
    check()
  } else if (initial.user === null) {
    void session.tokens.clear()
  } else if (initial.accessToken !== undefined) {
    void session.tokens.set({ accessToken: initial.accessToken, expiresIn: initial.expiresIn })
  }

  return {
    get state() {
      return session.state
    },
    tokenStore: session.tokens,
    async signIn(credentials) {
      const tokens = await server.create(credentials)
      if (tokens === undefined) return false
      recheck.stop()
      session.begin()
      const { epoch } = session
      const state = await server.me()
      if (state === null) throw new Error('Signed in, but GET /me knows of no user')
      if (session.epoch !== epoch) return false
      session.know(state)
      await session.tokens.set(tokens)
      tabs.tell('signed-in')
      return true
    },
    async signOut() {
      tabs.tell('signing-out')
      recheck.stop()
      await session.end()
      try {
        await server.logout()
      } catch (error) {
        // Whoever could not be signed out still is signed in, here and in every tab.
        tabs.tell('signed-in')
        check()
        throw error
      }
      tabs.tell('signed-out')
    },
    subscribe: (listener) => session.subscribe(listener),
    fetch: prepareFetch(session, renew, allowed, over),
    dispose() {
      page.removeEventListener('pageshow', onPageShow)
      tabs.close()
      recheck.stop()
      session.begin()
    },
  }
}
