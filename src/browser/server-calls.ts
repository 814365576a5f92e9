import { page } from './page.js'
import { isAuthState, type AuthState } from './auth-state.js'
import type { TokenResponse } from './token-store-service.js'

/** The four routes of the server's session, seen from the page. */
export interface ServerCalls {
  /** @returns The tokens, or nothing when the credentials are refused. */
  create(credentials: unknown): Promise<TokenResponse | undefined>
  /** @returns A good token; `null` when nobody is signed in any more. */
  refresh(rejected: string | undefined): Promise<TokenResponse | null>
  logout(): Promise<void>
  /** @returns Who is signed in; `null` when nobody is. */
  me(): Promise<AuthState | null>
}

// Beyond what the server's own limits add up to.
const timeout = 30_000

/**
 * Prepares the calls to the server's session; whatever is no clear answer rejects.
 *
 * @throws TypeError when the path leads to another origin.
 */
export function prepareServerCalls(basePath: string): ServerCalls {
  // Never the document's base: markup that somebody else got into the page can move that.
  const { origin } = page.location
  const address = (path: string): URL => new URL(basePath + path, origin)
  if (address('/me').origin !== origin)
    throw new TypeError('"basePath" must be a path of this site')

  const call = (method: string, path: string, body?: unknown): Promise<Response> =>
    fetch(address(path), {
      method,
      headers: { Accept: 'application/json', 'Content-Type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      credentials: 'same-origin',
      signal: AbortSignal.timeout(timeout),
    })

  return {
    async create(credentials) {
      const response = await call('POST', '/tokens/create', credentials)
      const isRefused = response.status === 400 || response.status === 401
      return isRefused ? undefined : tokensOf(response)
    },
    async refresh(rejected) {
      const response = await call('POST', '/tokens/refresh', { rejected })
      return response.status === 401 ? null : tokensOf(response)
    },
    async logout() {
      required(await call('POST', '/tokens/logout'))
    },
    async me() {
      const response = await call('GET', '/me')
      if (response.status === 401) return null
      const state: unknown = await required(response).json()
      // Without a user nobody could tell.
      if (!isAuthState(state) || state.user === undefined)
        throw new TypeError('GET /me did not answer with a state')
      return state
    },
  }
}

function required(response: Response): Response {
  if (!response.ok) throw new Error(`The session answered with ${response.status}`)
  return response
}

async function tokensOf(response: Response): Promise<TokenResponse> {
  const tokens = (await required(response).json()) as TokenResponse | null
  if (typeof tokens?.accessToken !== 'string') {
    throw new TypeError('The session did not answer with a token')
  }
  return tokens
}
