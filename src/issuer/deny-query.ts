import type { JwtClaims } from '../core/claims-principal.js'
import type { DenyQuery } from '../core/deny-list.js'

/** What a deny list is asked about a token. */
export interface RevocationQuestion {
  /** Whether every claim that counts could be read. */
  readonly isSound: boolean
  /** What any list understands. */
  readonly query: DenyQuery
  /** Ids that some engines cannot even look up; asked for one by one, so that none spoils the others. */
  readonly odd: readonly DenyQuery[]
}

type IdClaim = 'jti' | 'sid' | 'sub'

// PostgreSQL takes no NUL, and half a surrogate pair is text to no engine.
const oddText = /[\0\p{Cs}]/u

/** Makes of a token's claims what a deny list can be asked; what is no id and no instant is left out. */
export function readDenyQuery(claims: JwtClaims): RevocationQuestion {
  const { iat: issuedAt } = claims as { readonly iat?: unknown }
  // A list takes a token that does not say when it was issued for an old one.
  const iat = typeof issuedAt === 'number' && Number.isFinite(issuedAt) ? issuedAt : undefined
  let isSound = iat !== undefined
  const odd: DenyQuery[] = []

  function id(name: IdClaim): string | undefined {
    const value: unknown = claims[name]
    if (value === undefined || value === null) return undefined
    const text = typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : value
    if (typeof text === 'string' && !oddText.test(text)) return text
    isSound = false
    if (typeof text === 'string') odd.push({ [name]: text, iat })
    return undefined
  }

  const query = { jti: id('jti'), sid: id('sid'), sub: id('sub'), iat }
  return { isSound, query, odd }
}
