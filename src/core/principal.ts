import { inspect } from 'node:util'
import { freezeClaims } from '../internal/frozen-claims.js'
import { inspectAs } from '../internal/inspection.js'
import {
  ClaimTypes,
  type ClaimsPrincipal,
  type JwtClaims,
  type PrincipalOptions,
} from './claims-principal.js'

/** The default of `roleClaimType`: the short names and .NET's long one. */
const defaultRoleClaimType: readonly string[] = ['role', 'roles', ClaimTypes.Role]

/** Settings behind a principal, filled in once per configuration. */
export interface PrincipalSettings {
  readonly scheme: string
  readonly nameClaimType: string
  readonly roleClaimType: readonly string[] | ((claims: JwtClaims) => readonly string[])
}

/** What was read from claims; kept with their token, so that the next request need not read them again. */
interface Readings {
  roles: readonly string[] | undefined
  scopes: readonly string[] | undefined
}

class Principal implements ClaimsPrincipal {
  readonly #all: JwtClaims
  readonly #settings: PrincipalSettings
  readonly #claims: JwtClaims
  readonly #own: JwtClaims
  readonly #readings: Readings
  #roles: readonly string[] | undefined

  constructor(
    claims: JwtClaims,
    all: JwtClaims,
    settings: PrincipalSettings,
    own: JwtClaims,
    readings: Readings,
  ) {
    this.#claims = claims
    this.#all = all
    this.#settings = settings
    this.#own = own
    this.#readings = readings
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
    if (this.#roles !== undefined) return this.#roles
    this.#readings.roles ??= Object.freeze(
      (this.#settings.roleClaimType as readonly string[]).flatMap((type) => this.findAll(type)),
    )
    return this.#readings.roles
  }

  get scopes(): readonly string[] {
    // RFC 6749 section 3.3: scope tokens are separated by single spaces and hold none.
    this.#readings.scopes ??= Object.freeze(
      [...stringsOf(this.#read('scope')), ...stringsOf(this.#read('scp'))].flatMap((text) =>
        text.split(' ').filter((scope) => scope !== ''),
      ),
    )
    return this.#readings.scopes
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
  readings: Readings = { roles: undefined, scopes: undefined },
): ClaimsPrincipal {
  return new Principal(claims, all, settings, own, readings)
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
