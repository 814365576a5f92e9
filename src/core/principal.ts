import { inspect } from 'node:util'
import { freezeClaims } from '../internal/frozen-claims.js'
import { inspectAs } from '../internal/inspection.js'

/** The claims of a token: RFC 7519's registered names and whatever else the issuer put in. */
export interface JwtClaims {
  readonly iss?: string
  readonly sub?: string
  readonly aud?: string | readonly string[]
  readonly exp?: number
  readonly nbf?: number
  readonly iat?: number
  readonly jti?: string
  readonly [claim: string]: unknown
}

/** Claim names, or a function that reads the roles from wherever an issuer keeps them. */
export type RoleClaimType<TClaims = JwtClaims> =
  string | readonly string[] | ((claims: TClaims) => readonly string[])

/** Long claim names that .NET issuers write. */
export const ClaimTypes: {
  readonly Name: 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name'
  readonly NameIdentifier: 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier'
  readonly Email: 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress'
  readonly GivenName: 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname'
  readonly Surname: 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname'
  readonly Role: 'http://schemas.microsoft.com/ws/2008/06/identity/claims/role'
} = Object.freeze({
  Name: 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name',
  NameIdentifier: 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier',
  Email: 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress',
  GivenName: 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname',
  Surname: 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname',
  Role: 'http://schemas.microsoft.com/ws/2008/06/identity/claims/role',
})

/** Which claim names the caller, and which ones hold the caller's roles. */
export interface PrincipalOptions {
  /**
   * Name of the scheme that vouches for the caller.
   *
   * @defaultValue `'Bearer'`
   */
  scheme?: string | undefined
  /**
   * Claim behind {@link ClaimsPrincipal.name}.
   *
   * @defaultValue `'name'`
   */
  nameClaimType?: string | undefined
  /**
   * Claims behind {@link ClaimsPrincipal.roles}.
   *
   * @defaultValue `['role', 'roles', ClaimTypes.Role]`
   */
  roleClaimType?: RoleClaimType | undefined
}

/** The default of `roleClaimType`: the short names and .NET's long one. */
const defaultRoleClaimType: readonly string[] = ['role', 'roles', ClaimTypes.Role]

/** A read-only view of who calls. Names, roles and values compare exactly; claims are never renamed. */
export interface ClaimsPrincipal<TClaims = JwtClaims> {
  /** The claims as they came, or as the `claimsSchema` put them out; frozen to the bottom. */
  readonly claims: Readonly<TClaims>
  /** The claim that `nameClaimType` names (`name` by default). */
  readonly name: string | undefined
  /** The `sub` claim. */
  readonly subject: string | undefined
  /** Every role, from all claims that `roleClaimType` names. */
  readonly roles: readonly string[]
  /** The scopes of `scope` (space-separated or array) and `scp` together. */
  readonly scopes: readonly string[]
  /** Name of the scheme that vouches for the caller. */
  readonly scheme: string
  /** Tells whether the caller has a role. */
  isInRole(role: string): boolean
  /** Tells whether the caller was granted a scope. */
  hasScope(scope: string): boolean
  /**
   * Tells whether there is such a claim, with that value if one is given.
   *
   * @remarks `null` is absent here and in every other look-up, and so is an integer beyond 2^53 - 1, whose value
   * is lost. {@link claims} has them as they came.
   */
  hasClaim(type: string, value?: string): boolean
  /** Reads the first value of a claim; what is not a string comes as JSON text. */
  findFirst(type: string): string | undefined
  /** Reads every value of a claim; what is not a string comes as JSON text. */
  findAll(type: string): readonly string[]
  /** Gives what `res.json(req.user)` should show. */
  toJSON(): {
    subject: string | undefined
    name: string | undefined
    roles: readonly string[]
    scopes: readonly string[]
    claims: Readonly<TClaims>
  }
}

/** Settings behind a principal, filled in once per configuration. */
export interface PrincipalSettings {
  readonly scheme: string
  readonly nameClaimType: string
  readonly roleClaimType: readonly string[] | ((claims: JwtClaims) => readonly string[])
}

class Principal implements ClaimsPrincipal {
  readonly #all: JwtClaims
  readonly #settings: PrincipalSettings
  readonly #claims: JwtClaims
  readonly #own: JwtClaims
  #roles: readonly string[] | undefined
  #scopes: readonly string[] | undefined

  constructor(claims: JwtClaims, all: JwtClaims, settings: PrincipalSettings, own: JwtClaims) {
    this.#claims = claims
    this.#all = all
    this.#settings = settings
    this.#own = own
    // A function of the user's runs here, where a throw refuses the token, not later in a handler.
    if (typeof settings.roleClaimType === 'function') {
      this.#roles = Object.freeze(stringsOf(settings.roleClaimType(freezeClaims(all))))
    }
  }

  get claims(): JwtClaims {
    return freezeClaims(this.#claims)
  }

  get name(): string | undefined {
    return this.findFirst(this.#settings.nameClaimType)
  }

  get subject(): string | undefined {
    return this.findFirst('sub')
  }

  get scheme(): string {
    return this.#settings.scheme
  }

  get roles(): readonly string[] {
    this.#roles ??= Object.freeze(
      (this.#settings.roleClaimType as readonly string[]).flatMap((type) => this.findAll(type)),
    )
    return this.#roles
  }

  get scopes(): readonly string[] {
    // RFC 6749 section 3.3: scope tokens are separated by single spaces and hold none.
    this.#scopes ??= Object.freeze(
      [...stringsOf(this.#read('scope')), ...stringsOf(this.#read('scp'))].flatMap((text) =>
        text.split(' ').filter((scope) => scope !== ''),
      ),
    )
    return this.#scopes
  }

  isInRole(role: string): boolean {
    return this.roles.includes(role)
  }

  hasScope(scope: string): boolean {
    return this.scopes.includes(scope)
  }

  hasClaim(type: string, value?: string): boolean {
    const values = this.findAll(type)
    return value === undefined ? values.length > 0 : values.includes(value)
  }

  findFirst(type: string): string | undefined {
    return this.findAll(type)[0]
  }

  findAll(type: string): readonly string[] {
    const value = this.#read(type)
    return (Array.isArray(value) ? value : [value]).filter(isThere).map(textOf)
  }

  toJSON(): ReturnType<ClaimsPrincipal['toJSON']> {
    const { subject, name, roles, scopes, claims } = this
    return { subject, name, roles, scopes, claims }
  }

  static ownClaims(principal: object): JwtClaims | undefined {
    return #own in principal ? principal.#own : undefined
  }

  // Own claims only: a token has no claim called "constructor" unless its issuer put one in.
  #read(type: string): unknown {
    return Object.hasOwn(this.#all, type) ? this.#all[type] : undefined
  }
}

inspectAs(Principal, ({ subject, scheme }) => `ClaimsPrincipal ${inspect({ subject, scheme })}`)

// `null` says that there is no value, and a number that JSON cannot carry has lost its own: it equals nothing.
function isThere(value: unknown): boolean {
  // A schema may put out functions and symbols, which have no text.
  if (typeof value === 'function' || typeof value === 'symbol') return false
  if (typeof value !== 'number') return value !== undefined && value !== null
  return Number.isSafeInteger(value) || (Number.isFinite(value) && !Number.isInteger(value))
}

function textOf(value: unknown): string {
  if (typeof value === 'bigint') return value.toString()
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? 'undefined')
}

function stringsOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}

/**
 * Makes a principal; `all` is what look-ups read, `own` what the token said before a schema saw it.
 * Claims are frozen when they are first looked at.
 */
export function principalOf(
  claims: JwtClaims,
  all: JwtClaims,
  settings: PrincipalSettings,
  own: JwtClaims = all,
): ClaimsPrincipal {
  return new Principal(claims, all, settings, own)
}

/** Finds what the principal's token said before a schema saw it; the claims of a principal that is not ours. */
export function ownClaimsOf(principal: ClaimsPrincipal): JwtClaims {
  return Principal.ownClaims(principal) ?? principal.claims
}

/** Fills in the defaults of {@link PrincipalOptions}. */
export function resolvePrincipal(options: PrincipalOptions): PrincipalSettings {
  const { roleClaimType = defaultRoleClaimType } = options
  return {
    scheme: options.scheme ?? 'Bearer',
    nameClaimType: options.nameClaimType ?? 'name',
    roleClaimType: typeof roleClaimType === 'string' ? [roleClaimType] : roleClaimType,
  }
}

/**
 * Makes a caller out of claims, for an event's `success()` and for tests of policies.
 *
 * @param claims - Copied and frozen, so that later changes to the object do not reach the principal.
 * @param options - Scheme and claim names; the defaults are those of `jwtBearer()`.
 *
 * @example A caller known by an API key
 * ```ts
 * onMessageReceived: (context) => {
 *   const client = clients.get(context.req.get('x-api-key') ?? '')
 *   if (client) context.success(createPrincipal({ sub: client.id, roles: ['Service'] }))
 * }
 * ```
 */
export function createPrincipal(
  claims: JwtClaims,
  options: PrincipalOptions = {},
): ClaimsPrincipal {
  const copy = structuredClone(claims)
  return principalOf(copy, copy, resolvePrincipal(options))
}
