import type { JwtHeader, SecurityToken } from '../event-context.js'
import type { SigningKey } from '../keys/signing-key.js'
import type { Trust } from '../keys/trust.js'
import { canFreeze, freezeClaims } from '../../internal/frozen-claims.js'
import type { JwtClaims } from '../claims-principal.js'

/** Which audiences count as this API. */
export interface AudienceRule {
  readonly acceptsAudience: (audience: string) => boolean
}

/** A token that its key or its issuer vouches for. Whatever it shows to the outside is frozen first. */
export class ValidatedToken {
  readonly raw: string
  /** Empty for an opaque token. */
  readonly header: Partial<JwtHeader>
  readonly payload: JwtClaims
  /** Nothing for an opaque token. */
  readonly key: SigningKey | undefined
  /** The settings it was checked by. */
  readonly settings: AudienceRule
  /** What was trusted when the token was last checked. */
  trust: Trust
  /** Until when the token need not be checked anew, in milliseconds since the epoch. */
  rememberedUntil = 0
  /** What the `claimsSchema` made of the payload; the payload itself without one. */
  claims: JwtClaims
  /** What a caller's principal read from the claims, for the principals of later requests. */
  roles: readonly string[] | undefined
  scopes: readonly string[] | undefined
  #securityToken: SecurityToken | undefined
  #all: JwtClaims | undefined

  constructor(
    raw: string,
    header: Partial<JwtHeader>,
    payload: JwtClaims,
    key: SigningKey | undefined,
    trust: Trust,
    settings: AudienceRule,
  ) {
    this.raw = raw
    this.header = header
    this.payload = payload
    this.claims = payload
    this.roles = undefined
    this.scopes = undefined
    this.key = key
    this.settings = settings
    this.trust = trust
  }

  /** What validators and events get to see. */
  get securityToken(): SecurityToken {
    this.#securityToken ??= Object.freeze({
      header: freezeClaims(this.header),
      payload: freezeClaims(this.payload),
      raw: this.raw,
    })
    return this.#securityToken
  }

  /** Whether requests can share the token: not if a schema put something out that cannot be frozen. */
  get isShareable(): boolean {
    return this.claims === this.payload || canFreeze(this.claims)
  }

  /** Every claim by name. A schema may drop what it does not know; roles and scopes still come from the token. */
  get allClaims(): JwtClaims {
    if (this.claims === this.payload) return this.payload
    this.#all ??= { ...this.payload, ...this.claims }
    return this.#all
  }
}
