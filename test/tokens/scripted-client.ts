import { createTokenManager, type TokenManagerOptions } from 'express-jwt-bearer/tokens'
import {
  createMemoryUserTokenStore,
  TokenRequestError,
  type AccessTokenResult,
  type TokenClient,
  type TokenEndpointResponse,
  type TokenEvent,
} from 'express-jwt-bearer/tokens'

export const alice = { subject: 'alice', sessionId: 'session-of-alice' }

/** An issuer on paper: refresh tokens work once, and every request is written down. */
export function createScriptedClient() {
  const spent = new Set<string>()
  let number = 0
  const script = {
    /** What was asked, in order. */
    requests: [] as { refreshToken?: string; scope?: string; resource?: string }[],
    revoked: [] as string[],
    /** Answers or fails in place of the issuer, once each. */
    next: [] as (() => TokenEndpointResponse | Promise<TokenEndpointResponse>)[],
    revoke: (): Promise<void> => Promise.resolve(),
    answer(over: Partial<TokenEndpointResponse> = {}): TokenEndpointResponse {
      number += 1
      return {
        access_token: `access-${number}`,
        token_type: 'bearer',
        expires_in: 600,
        refresh_token: `refresh-${number}`,
        scope: 'openid orders',
        ...over,
      }
    },
  }
  const client: TokenClient = {
    timeout: 1,
    async refresh(refreshToken, parameters) {
      script.requests.push({ refreshToken, ...given(parameters) })
      await Promise.resolve()
      const scripted = script.next.shift()
      if (scripted) return scripted()
      if (spent.has(refreshToken)) throw new TokenRequestError({ oauthError: 'invalid_grant' })
      spent.add(refreshToken)
      return script.answer()
    },
    async clientCredentials(parameters) {
      script.requests.push(given(parameters))
      await Promise.resolve()
      return script.next.shift()?.() ?? script.answer({ refresh_token: undefined })
    },
    revoke(refreshToken) {
      script.revoked.push(refreshToken)
      return script.revoke()
    },
  }
  return { client, script }
}

function given({ scope, resource }: { scope?: string | undefined; resource?: string | undefined }) {
  return { ...(scope !== undefined && { scope }), ...(resource !== undefined && { resource }) }
}

/** A manager over a scripted client, with a clock to move and events to read. */
export function createBench(options: Partial<TokenManagerOptions> = {}) {
  const time = { now: Date.parse('2030-01-01T00:00:00Z') }
  const events: TokenEvent[] = []
  const { client, script } = createScriptedClient()
  const store = options.store ?? createMemoryUserTokenStore()
  const settings = {
    client,
    store,
    clock: () => time.now,
    onEvent: (event: TokenEvent) => void events.push(event),
    ...options,
  }
  return {
    script,
    store,
    events,
    manager: createTokenManager(settings),
    /** Another process: a second manager over the same store and issuer. */
    another: () => createTokenManager(settings),
    pass: (seconds: number) => void (time.now += seconds * 1000),
    kinds: () => events.map(({ kind }) => kind),
  }
}

/** The token of a result, or the code of its failure. */
export function outcome(result: AccessTokenResult): string {
  return result.kind === 'success' ? result.accessToken : result.error.code
}
