import { ConfigurationError } from '../errors.js'
import { checkNames, readFlag, readTexts } from '../option-checks.js'
import {
  PolicyBuilder,
  type AuthorizationPolicy,
  type PolicyBuilderFunction,
  type PolicyInput,
} from './policy.js'

/** A guard's requirement in long form. */
export interface AuthorizeOptions<Name extends string = never> {
  /** A policy. Like the other members it throws where it is there and `undefined`. */
  policy?: Name | PolicyInput
  /** Roles, one of which the caller must have. */
  roles?: string | readonly string[]
  /** Names of the schemes whose callers are judged, of those that the policy accepts. */
  schemes?: string | readonly string[]
  /**
   * Whether a caller without credentials passes as anonymous. A bad token is still challenged.
   *
   * @remarks Everything behind such a guard must work for nobody as well: check `req.user` there.
   *
   * @defaultValue `false`
   */
  optional?: boolean | undefined
}

/** One argument of `authorize()`: a policy name, a policy, a function that builds one, or an object. */
export type AuthorizeArgument<Name extends string = never> =
  Name | PolicyInput | AuthorizeOptions<Name>

/** What a guard asks for, complete. */
export interface Demands {
  readonly policy: AuthorizationPolicy
  readonly optional: boolean
}

/**
 * Puts the arguments of one guard together.
 *
 * @throws {@link ConfigurationError} when one of them makes no sense.
 */
export function resolveDemands(
  requirements: readonly AuthorizeArgument<string>[],
  policyOf: (policy: string | PolicyInput) => AuthorizationPolicy,
  byDefault: AuthorizationPolicy,
): Demands {
  const builder = new PolicyBuilder()
  const all = requirements.map(longForm)
  for (const options of all) refuseUndefined(options)
  const optional = all.some((options) => readFlag(options.optional, 'optional', false))
  if (optional && (all.length > 1 || all[0]?.policy !== undefined || all[0]?.roles !== undefined)) {
    throw new ConfigurationError(
      '"optional" lets anonymous callers through, so it takes no policy and no roles; check req.user in the handler',
    )
  }
  for (const { policy, roles, schemes } of all.length === 0 ? [{}] : all) {
    if (policy !== undefined) builder.combine(policyOf(policy))
    if (roles !== undefined) builder.requireRole(...readRoles(roles))
    if (schemes !== undefined) builder.combine(ofSchemes(readTexts(schemes, 'schemes')))
    if (policy === undefined && roles === undefined && !optional) builder.combine(byDefault)
  }
  return { policy: builder.build(), optional }
}

// A variable that is not set must never open a route: what is named has to be there.
function refuseUndefined(options: AuthorizeOptions<string>): void {
  for (const name of ['policy', 'roles', 'schemes'] as const) {
    if (!(name in options) || options[name] !== undefined) continue
    throw new ConfigurationError(
      `"${name}" of authorize() is there and undefined, which would ask for nothing; leave it out, or set the variable it is read from`,
    )
  }
}

function ofSchemes(schemes: readonly string[]): PolicyBuilderFunction {
  return (policy) => policy.addAuthenticationSchemes(...schemes)
}

function longForm(requirement: AuthorizeArgument<string>): AuthorizeOptions<string> {
  if (typeof requirement === 'string' || typeof requirement === 'function')
    return { policy: requirement }
  if (isPolicy(requirement)) return { policy: requirement }
  if (isRequest(requirement)) {
    throw new ConfigurationError(
      'authorize was handed to Express without being called; write authorize() to make a guard',
    )
  }
  checkNames(requirement, ['policy', 'roles', 'schemes', 'optional'], 'the options of authorize()')
  return requirement
}

function isPolicy(
  value: AuthorizeOptions<string> | AuthorizationPolicy,
): value is AuthorizationPolicy {
  return typeof value === 'object' && value !== null && 'requirements' in value
}

function isRequest(value: object): boolean {
  return typeof value === 'object' && value !== null && 'httpVersion' in value
}

function readRoles(roles: string | readonly string[]): readonly string[] {
  const names = readTexts(roles, 'roles')
  for (const name of names) {
    if (name.includes(',')) {
      throw new ConfigurationError(
        `"roles" takes an array of alternatives, got ${JSON.stringify(name)}; write ${JSON.stringify(name.split(',').map((part) => part.trim()))}`,
      )
    }
  }
  return names
}
