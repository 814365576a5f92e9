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
