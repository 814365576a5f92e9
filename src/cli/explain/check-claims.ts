import { createAuthorization } from '../../core/authorize.js'
import type { JwtBearerOptions } from '../../core/authentication/options.js'
import type { AuthenticateResult } from '../../core/authentication/result.js'
import { codeOf } from '../../core/errors.js'
import { jwtBearer } from '../../core/jwt-bearer.js'
import type { ClaimsPrincipal } from '../../core/claims-principal.js'
import type { TokenValidationParameters } from '../../core/validation/parameters.js'
import { instantInWords } from '../time-in-words.js'
import { policyOf } from './answer.js'
import { list, noContentChecks, type ExplainedCheck, type Subject } from './explained-check.js'
import { signAnew } from './sign-anew.js'

type Shown = Omit<ExplainedCheck, 'name' | 'ok'>

/** Makes the checks of the content, each with all others off, under a key made for the purpose. */
export async function checkClaims(subject: Subject): Promise<readonly ExplainedCheck[]> {
  const { options, demanded } = subject
  const anew = signAnew(subject.parts)
  const parameters = options.tokenValidationParameters ?? {}

  function walk(on: TokenValidationParameters): Promise<AuthenticateResult> {
    const middleware = jwtBearer({
      ...options,
      ...noKeySource,
      events: {},
      tokenCache: false,
      tokenValidationParameters: {
        ...parameters,
        ...noKeys,
        issuerSigningKey: anew?.key,
        ...noContentChecks,
        ...on,
      },
    })
    return middleware.authenticate({ headers: { authorization: `Bearer ${anew?.token}` } })
  }

  async function check(name: string, on: TokenValidationParameters, shown: Shown) {
    if (anew === undefined) return { name, ok: null, ...shown }
    const { kind } = await walk(on)
    return { name, ok: kind === 'success', ...shown }
  }

  const { validateLifetime, requireExpirationTime, lifetimeValidator, maxTokenAge } = parameters
  const { validateAudience, audienceValidator, validTypes } = parameters
  const issuers = acceptedIssuers(subject)
  const issuerShown = shownIssuer(subject, issuers)
  return [
    await check(
      'lifetime',
      { validateLifetime, requireExpirationTime, lifetimeValidator, maxTokenAge },
      shownLifetime(subject),
    ),
    await check('audience', { validateAudience, audienceValidator }, shownAudience(subject)),
    parameters.validateIssuer !== false && !parameters.issuerValidator && issuers.length === 0
      ? { name: 'issuer', ok: null, ...issuerShown }
      : await check('issuer', issuerCheck(parameters, issuers), issuerShown),
    await check('type', { validTypes }, shownType(subject)),
    await bindingOf(subject, check),
    ...(await policyChecks(anew === undefined ? undefined : await walk({}), demanded)),
  ]
}

// The claims are tried without the issuer's keys, and so without its metadata.
const noKeySource = {
  authority: undefined,
  metadataAddress: undefined,
  jwksUri: undefined,
  proofOfPossession: undefined,
} as const

const noKeys = {
  issuerSigningKeys: undefined,
  issuerSigningKeyResolver: undefined,
  validAlgorithms: undefined,
  validIssuer: undefined,
  validIssuers: undefined,
} as const

function issuerCheck(
  { validateIssuer, issuerValidator }: TokenValidationParameters,
  issuers: readonly string[],
): TokenValidationParameters {
  return { validateIssuer, issuerValidator, validIssuers: issuers }
}

function acceptedIssuers({ options, recorded }: Subject): readonly string[] {
  const { validIssuer, validIssuers = [] } = options.tokenValidationParameters ?? {}
  const published = recorded.issuer()
  return [...[validIssuer, published].filter((one) => one !== undefined), ...validIssuers]
}

async function bindingOf(
  subject: Subject,
  check: (name: string, on: TokenValidationParameters, shown: Shown) => Promise<ExplainedCheck>,
): Promise<ExplainedCheck> {
  const { options, tried, parts } = subject
  const { cnf } = parts.payload ?? {}
  const bound = typeof cnf === 'object' && cnf !== null ? Object.keys(cnf) : []
  const shown = {
    token: bound.length === 0 ? 'not bound' : `bound by ${bound.join(' and ')}`,
    accepted: tried.headers['dpop'] === undefined ? 'tokens without a binding' : 'its proof',
  }
  const { validateConfirmation } = options.tokenValidationParameters ?? {}
  if (tried.headers['dpop'] === undefined) return check('binding', { validateConfirmation }, shown)
  const result = await withProof(options, subject)
  const code = result.kind === 'failure' ? codeOf(result.error) : undefined
  const isBinding = /^ERR_(PROOF_|TOKEN_CONFIRMATION_)/.test(String(code))
  return {
    name: 'binding',
    ok: result.kind === 'success' ? true : isBinding ? false : null,
    ...shown,
  }
}

// A proof names the very token it came with, so that this walk needs the real one.
function withProof(options: JwtBearerOptions, { tried }: Subject): Promise<AuthenticateResult> {
  const parameters = options.tokenValidationParameters ?? {}
  const { validateConfirmation } = parameters
  return jwtBearer({
    ...options,
    events: {},
    tokenValidationParameters: { ...parameters, ...noContentChecks, validateConfirmation },
  }).authenticate(tried)
}

async function policyChecks(
  result: AuthenticateResult | undefined,
  { scopes, roles }: Subject['demanded'],
): Promise<readonly ExplainedCheck[]> {
  const caller = result?.kind === 'success' ? result.principal : undefined
  const meets = async (demanded: Subject['demanded']) =>
    caller === undefined
      ? null
      : (await createAuthorization().evaluate(policyOf(demanded), caller)).succeeded
  return [
    {
      name: 'scopes',
      ok: scopes.length === 0 ? true : await meets({ scopes, roles: [] }),
      token: list(valuesOf(caller, 'scopes')),
      accepted: list(scopes) ?? 'none asked for',
    },
    ...(roles.length === 0
      ? []
      : [
          {
            name: 'roles',
            ok: await meets({ scopes: [], roles }),
            token: list(valuesOf(caller, 'roles')),
            accepted: list(roles),
          },
        ]),
  ]
}

function valuesOf(caller: ClaimsPrincipal | undefined, name: 'scopes' | 'roles') {
  return caller?.[name] ?? []
}

function shownLifetime({ parts: { payload }, options }: Subject): Shown {
  const now = (options.clock ?? Date.now)()
  const { exp, nbf } = payload ?? {}
  const skew = options.tokenValidationParameters?.clockSkew ?? 300
  const until = instantInWords(exp, now)
  const from = instantInWords(nbf, now)
  return {
    token: until === undefined ? 'no exp' : `${from ? `from ${from} ` : ''}until ${until}`,
    accepted: `now, ${new Date(now).toISOString()}, ± ${skew} s`,
  }
}

function shownAudience({ parts: { payload }, options }: Subject): Shown {
  const { validAudience, validAudiences = [] } = options.tokenValidationParameters ?? {}
  const given = [options.audience, validAudience, ...validAudiences].flat()
  return {
    token: claimInWords(payload?.['aud']),
    accepted: list(given.filter((one) => typeof one === 'string')),
  }
}

function shownIssuer({ parts: { payload } }: Subject, issuers: readonly string[]): Shown {
  return { token: claimInWords(payload?.['iss']), accepted: list(issuers) }
}

function shownType({ parts: { header }, options }: Subject): Shown {
  const types = options.tokenValidationParameters?.validTypes ?? []
  return { token: claimInWords(header?.['typ']), accepted: list(types) ?? 'any access token' }
}

function claimInWords(value: unknown): string | undefined {
  return value === undefined ? undefined : JSON.stringify(value)
}
