import { signedOutState } from './auth-state.js'
import { prepareFetch } from './authorized-fetch.js'
import { connectTabs } from './other-tabs.js'
import { page, type PageShowListener } from './page.js'
import { createPageSession, type ClientState } from './page-session.js'
import { readPageState } from './page-state.js'
import { prepareRenewal } from './renewal.js'
import { prepareServerCalls } from './server-calls.js'
import type { TokenStorage } from './token-store.js'
import type { TokenStoreService } from './token-store-service.js'

/** What {@link createAuthClient} accepts. */
export interface AuthClientOptions {
  /**
   * The `id` of the element that `renderAuthState()` wrote. Without such an element the server is asked once.
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
  /** Signs the user out, here and in every tab; rejects when the server cannot be told. */
  signOut(): Promise<void>
  /**
   * Listens for changes of {@link AuthClient.state}.
   *
   * @returns A function that stops listening.
   */
  subscribe(listener: (state: ClientState) => void): () => void
  /** Is the browser's `fetch`, as the signed-in user on the page's own and the allowed origins. */
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
  const tabs = connectTabs((message) => {
    if (message === 'signed-in') void restart()
    else if (session.hasUser) void over()
  })
  const allowed = new Set([page.location.origin, ...origins.map((url) => new URL(url).origin)])
  const renew = prepareRenewal(session, server, over)

  async function over(): Promise<void> {
    await session.end()
    options.onSignedOut?.()
  }

  async function restart(): Promise<void> {
    session.begin()
    await revalidate()
  }

  // No answer leaves things as they are: what is hidden stays hidden.
  async function revalidate(): Promise<void> {
    const { epoch } = session
    const state = await server.me().catch(() => undefined)
    if (state === undefined || session.epoch !== epoch) return
    if (state === null && session.hasUser) await over()
    else session.know(state ?? signedOutState)
  }

  const onPageShow: PageShowListener = ({ persisted }) => {
    if (!persisted) return
    session.check()
    void revalidate()
  }
  page.addEventListener('pageshow', onPageShow)

  if (initial === undefined) {
    session.check()
    void revalidate()
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
      await session.end()
      await server.logout()
      tabs.tell('signed-out')
    },
    subscribe: (listener) => session.subscribe(listener),
    fetch: prepareFetch(session, renew, allowed, over),
    dispose() {
      page.removeEventListener('pageshow', onPageShow)
      tabs.close()
      session.begin()
    },
  }
}
