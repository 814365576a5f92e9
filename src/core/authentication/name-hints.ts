import { checkNames } from '../option-checks.js'
import { nearestName } from '../../internal/nearest-name.js'
import { eventNames, issuerOptionNames, optionNames, parameterNames } from './option-names.js'

const parameters = 'tokenValidationParameters'

// What other packages for the same job call their options, in lower case, and what does it here.
const twins = new Map<string, string>(
  Object.entries({
    [`${parameters}.issuerSigningKey: symmetricKey(…)`]: ['secret', 'secretOrKey', 'jwtSecret'],
    [`${parameters}.issuerSigningKey`]: ['publicKey', 'signingKey', 'key', 'realm-public-key'],
    [`${parameters}.issuerSigningKeyResolver`]: ['secretOrKeyProvider', 'getKey'],
    authority: [...['issuerBaseURL', 'issuerUrl', 'auth-server-url', 'discoveryUrl'], 'domain'],
    metadataAddress: ['identityMetadata', 'wellKnown'],
    issuers: ['mcd'],
    audience: ['aud', 'clientID', 'requiredAudience'],
    [`${parameters}.validIssuer`]: ['issuer', 'iss'],
    [`${parameters}.validAlgorithms`]: ['algorithms', 'alg', 'tokenSigningAlg'],
    [`${parameters}.clockSkew`]: ['clockTolerance', 'graceSeconds', 'leeway'],
    [`${parameters}.maxTokenAge`]: ['maxAge'],
    [`${parameters}.validTypes`]: ['typ', 'strict'],
    [`${parameters}.claimsSchema`]: ['validators', 'requiredClaims'],
    [`${parameters}.lifetimeValidator`]: ['ignoreExpiration', 'ignoreNotBefore'],
    clock: ['currentDate', 'clockTimestamp'],
    jwksUri: ['jwksUrl', 'keySetUrl'],
    fetch: ['agent', 'requestAgent', 'proxy', 'fetcher', 'customFetch'],
    backchannelTimeout: ['timeoutDuration', 'timeout'],
    refreshInterval: [
      ...['cooldownDuration', 'rateLimit', 'jwksRequestsPerMinute'],
      'min-time-between-jwks-requests',
    ],
    automaticRefreshInterval: ['cacheMaxAge'],
    tokenCache: ['cache'],
    'introspection: introspection(…)': ['introspectionEndpoint', 'introspectionUrl'],
    'proofOfPossession: dpop(…)': ['dpop'],
    'proofOfPossession: clientCertificate(…)': ['mtls'],
    'events.onMessageReceived': ['getToken', 'jwtFromRequest'],
    'events.onTokenValidated': ['isRevoked', 'customJwtCheck'],
    'events.onAuthenticationFailed': ['onExpired'],
    'authorize({ optional: true })': ['credentialsRequired', 'authRequired'],
    'requireScope()': ['requiredScopes', 'requiredScope', 'scope', 'scopes'],
    'requireClaim()': ['subject', 'assertClaims', 'tokenUse'],
    'req.user': ['requestProperty', 'userProperty'],
  }).flatMap(([ours, theirs]) => theirs.map((name) => [name.toLowerCase(), ours] as const)),
)

type Place = 'options' | 'issuer' | 'parameters' | 'events'

const places: Readonly<Record<Place, { names: readonly string[]; where: string }>> = {
  options: { names: optionNames, where: 'at the top, in the options of jwtBearer()' },
  issuer: { names: issuerOptionNames, where: 'in each of "issuers"' },
  parameters: { names: parameterNames, where: `inside "${parameters}"` },
  events: { names: eventNames, where: 'inside "events"' },
}

/** Refuses members of `tokenValidationParameters` that are none. */
export function checkParameterNames(given: unknown = {}): void {
  checkNames(given, parameterNames, `"${parameters}"`, nameHints('parameters'))
}

/**
 * Says what a name that is unknown in one place of the options stands for: the twin of another package's
 * option, or one of ours that belongs somewhere else. Nothing when a known name of this place is nearer.
 */
export function nameHints(place: Place): (name: string) => string | undefined {
  const { names, where } = places[place]
  const others = Object.values(places).filter((other) => other.where !== where)
  return (name) => {
    const twin = twins.get(name.toLowerCase())
    if (twin !== undefined) return `it is called "${twin}" here`
    const home = others.find((other) => other.names.includes(name))
    if (home !== undefined) return `it belongs ${home.where}`
    if (nearestName(name, names) !== undefined) return undefined
    for (const other of others) {
      const meant = nearestName(name, other.names)
      if (meant !== undefined) return `did you mean "${meant}", ${other.where}?`
    }
    return undefined
  }
}
