import { durationInWords } from '../time-in-words.js'
import type { Cause, Evidence } from './evidence.js'
import { failed } from './evidence.js'

const microsoftGraph = ['00000003-0000-0000-c000-000000000000', 'https://graph.microsoft.com']

const refreshToken: Cause = (evidence) =>
  (['Refresh', 'Offline'].includes(text(evidence, 'typ')) ||
    text(evidence, 'token_use') === 'refresh' ||
    headerType(evidence) === 'rt+jwt') &&
  'this is a refresh token: exchange it at the issuer and send the access token.'

const graphToken: Cause = (evidence) =>
  (evidence.parts.header?.['nonce'] !== undefined ||
    audiences(evidence).some((aud) => microsoftGraph.includes(aud.replace(/\/$/, '')))) &&
  `this token is for Microsoft Graph, which alone can verify it; ask for a scope of your own API (${ownScope(evidence)}).`

const idToken: Cause = (evidence) => {
  const { payload = {} } = evidence.parts
  const isIdToken =
    payload['nonce'] !== undefined ||
    payload['at_hash'] !== undefined ||
    payload['c_hash'] !== undefined ||
    text(evidence, 'typ') === 'ID' ||
    text(evidence, 'token_use') === 'id' ||
    (failed(evidence, 'audience') && audienceIsClient(evidence))
  return (
    isIdToken &&
    'this is an ID token, meant for the client that signed the user in; send the access token.'
  )
}

const entraVersions: Cause = (evidence) => {
  if (!failed(evidence, 'issuer')) return undefined
  const iss = text(evidence, 'iss')
  const accepted = acceptedIssuers(evidence)
  const first = (text: string) => text.startsWith('https://sts.windows.net/')
  const second = /^https:\/\/login\.microsoftonline\.com\/.*\/v2\.0\/?$/
  if (first(iss) && accepted.some((one) => second.test(one))) {
    return 'this is a version 1 token of Entra ID and the API trusts version 2: set "requestedAccessTokenVersion" to 2 in the app registration.'
  }
  return (
    second.test(iss) &&
    accepted.some(first) &&
    'this is a version 2 token of Entra ID and the API trusts version 1: let the authority end in "/v2.0".'
  )
}

const trailingSlash: Cause = (evidence) => {
  const iss = text(evidence, 'iss')
  return (
    failed(evidence, 'issuer') &&
    acceptedIssuers(evidence).some((one) => one === `${iss}/` || iss === `${one}/`) &&
    'the issuer differs by the "/" at its end alone: write it exactly as tokens carry it.'
  )
}

const otherIssuer: Cause = (evidence) =>
  failed(evidence, 'issuer') &&
  evidence.parts.payload?.['iss'] !== undefined &&
  'the token comes from another issuer: another tenant, realm or environment.'

const keycloakAccount: Cause = (evidence) =>
  failed(evidence, 'audience') &&
  audiences(evidence).includes('account') &&
  'Keycloak puts "account" into "aud" by itself: add an audience mapper for this API to the client or a client scope.'

const noAudience: Cause = (evidence) =>
  failed(evidence, 'audience') &&
  evidence.parts.payload !== undefined &&
  evidence.parts.payload['aud'] === undefined &&
  'the token names no audience: ask the issuer for one (Auth0: "audience", Entra ID: a scope of this API, Cognito: access tokens have none).'

const otherAudience: Cause = (evidence) =>
  failed(evidence, 'audience') &&
  'the token is meant for another API: ask the issuer for the audience that this one accepts.'

const milliseconds: Cause = ({ parts: { payload = {} } }) =>
  ['exp', 'nbf', 'iat'].some((name) => Number(payload[name]) > 1e11) &&
  'a date of the token is in milliseconds; JWTs count seconds.'

const clockOff: Cause = (evidence) => {
  const now = (evidence.options.clock ?? Date.now)() / 1000
  const { nbf, iat } = evidence.parts.payload ?? {}
  const begins = Math.max(Number(nbf ?? -Infinity), Number(iat ?? -Infinity))
  return (
    failed(evidence, 'lifetime') &&
    begins > now &&
    `the token begins in the future: the clock of this machine or of the issuer is off by about ${durationInWords(begins - now)}.`
  )
}

const expired: Cause = (evidence) => {
  const now = (evidence.options.clock ?? Date.now)() / 1000
  const exp = Number(evidence.parts.payload?.['exp'] ?? Infinity)
  if (!failed(evidence, 'lifetime')) return undefined
  if (exp === Infinity) return 'the token never expires: the issuer has to set "exp".'
  return (
    exp < now &&
    `the token ended ${durationInWords(now - exp)} ago: get a new one; if it was issued just now, a clock is off by minutes or hours.`
  )
}

const missingScope: Cause = (evidence) =>
  evidence.answer.status === 403 &&
  failed(evidence, 'scopes') &&
  'the token lacks a scope of this route: the client has to ask the issuer for it, and may have to be allowed to.'

const missingRole: Cause = (evidence) =>
  evidence.answer.status === 403 &&
  failed(evidence, 'roles') &&
  'the caller lacks a role, or it stands in a claim that "roleClaimType" does not name.'

/** Causes that lie in what the token says. */
export const claimCauses: readonly Cause[] = [
  refreshToken,
  graphToken,
  idToken,
  entraVersions,
  trailingSlash,
  milliseconds,
  clockOff,
  expired,
  keycloakAccount,
  noAudience,
  otherIssuer,
  otherAudience,
  missingScope,
  missingRole,
]

function text({ parts: { payload } }: Evidence, name: string): string {
  const value = payload?.[name]
  return typeof value === 'string' ? value : ''
}

function headerType({ parts: { header } }: Evidence): string {
  return String(header?.['typ'])
    .toLowerCase()
    .replace(/^application\//, '')
}

function audiences({ parts: { payload } }: Evidence): readonly string[] {
  return [payload?.['aud']].flat().filter((one): one is string => typeof one === 'string')
}

function audienceIsClient(evidence: Evidence): boolean {
  const [only, ...others] = audiences(evidence)
  return (
    only !== undefined &&
    others.length === 0 &&
    only === text(evidence, 'azp') &&
    text(evidence, 'scope') === ''
  )
}

function acceptedIssuers({ options, recorded }: Evidence): readonly string[] {
  const { validIssuer, validIssuers = [] } = options.tokenValidationParameters ?? {}
  return [validIssuer, recorded.issuer(), ...validIssuers].filter((one) => one !== undefined)
}

function ownScope({ options }: Evidence): string {
  const [audience = 'api://<client id>'] = [options.audience].flat()
  return `${audience}/.default`
}
