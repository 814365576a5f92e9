import {
  createMemoryDenyList,
  createMemoryRefreshStore,
  createTokenIssuer,
  type IssuedTokens,
  type IssuerEvent,
  type RefreshResult,
  type TokenIssuerOptions,
} from 'express-jwt-bearer/issuer'
import { jwtBearer, symmetricKey } from 'express-jwt-bearer'

export const secret = 'k3jH8sLq0vXz7RtYp2WmNc5BdGf9AeUi'

/** An issuer on frozen clocks, with everything it says and hands out within reach. */
export function setUp(options: Partial<TokenIssuerOptions> = {}) {
  let now = 1_700_000_000_000
  const clock = () => now
  const events: IssuerEvent[] = []
  const store = createMemoryRefreshStore({ clock })
  const denyList = createMemoryDenyList({ clock })
  const issuer = createTokenIssuer({
    issuer: 'https://issuer.test',
    audience: 'api://orders',
    keys: symmetricKey(secret),
    store,
    denyList,
    clock,
    onEvent: (event) => events.push(event),
    ...options,
  })
  const bearer = jwtBearer(issuer.bearerOptions())
  return {
    issuer,
    store,
    denyList,
    events,
    types: () => events.map(({ type }) => type),
    clock,
    passTime: (seconds: number) => {
      now += seconds * 1000
    },
    caller: ({ accessToken }: IssuedTokens) =>
      bearer.authenticate({ headers: { authorization: `Bearer ${accessToken}` } }),
  }
}

export function tokensOf(result: RefreshResult): IssuedTokens {
  if (result.kind === 'success') return result.tokens
  throw new Error(`Refused: ${result.reason}`)
}

export function claimsOf({ accessToken }: IssuedTokens): Record<string, unknown> {
  return part(accessToken, 1)
}

export function headerOf({ accessToken }: IssuedTokens): Record<string, unknown> {
  return part(accessToken, 0)
}

function part(token: string, index: number): Record<string, unknown> {
  const text = Buffer.from(token.split('.')[index] ?? '', 'base64url').toString()
  return JSON.parse(text) as Record<string, unknown>
}

/** A store one of whose methods runs something first, as another request would. */
export function interrupted<T extends object>(
  target: T,
  method: keyof T,
  first: () => Promise<unknown>,
): T {
  const original = target[method] as (...args: unknown[]) => Promise<unknown>
  return {
    ...target,
    [method]: async (...args: unknown[]) => {
      await first()
      return original(...args)
    },
  }
}
