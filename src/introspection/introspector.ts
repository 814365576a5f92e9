import { ConfigurationError, IntrospectionUnavailableError } from '../core/errors.js'
import type {
  IntrospectedToken,
  IntrospectionSurroundings,
  TokenIntrospector,
} from '../core/token-introspection.js'
import { publisher } from '../internal/diagnostics.js'
import { freezeClaims } from '../internal/frozen-claims.js'
import { sha256 } from '../internal/sha256.js'
import { shownAddress } from '../internal/shown-address.js'
import { createAnswerCache } from './answer-cache.js'
import { callEndpoint } from './call-endpoint.js'
import { CallError } from './call-error.js'
import { createEndpointSource, type Endpoint } from './endpoint.js'
import type { IntrospectionSettings } from './options.js'
import { createOutage } from './outage.js'
import { createFlights, createSlots } from './slots.js'

const introspectionFailed = publisher('express-jwt-bearer:introspection-failed')

const mostCalls = 64

/**
 * Makes what asks about the tokens of one scheme.
 *
 * @throws {@link ConfigurationError} when there is nowhere to ask, or it is not safe.
 */
export function createIntrospector(
  settings: IntrospectionSettings,
  scheme: IntrospectionSurroundings,
): TokenIntrospector {
  const around: IntrospectionSurroundings = {
    ...scheme,
    requireHttps: settings.requireHttps ?? scheme.requireHttps,
    fetch: settings.fetch ?? scheme.fetch,
    clock: settings.clock ?? scheme.clock,
  }
  const { fetch, clock } = around
  const { authenticate, timeout } = settings
  const endpoints = createEndpointSource(settings.introspectionEndpoint, around)
  const cache = createAnswerCache(settings.cache, clock)
  const outage = createOutage(clock)
  const inFlight = createFlights<IntrospectedToken | undefined>()
  const slots = createSlots(mostCalls, timeout)

  async function ask(name: string, token: string): Promise<IntrospectedToken | undefined> {
    const endpoint = await endpoints.current()
    allow(outage.refusal(name), endpoint)
    const release = await slots.take()
    if (release === undefined) {
      throw new IntrospectionUnavailableError('Too many tokens are being introspected')
    }
    try {
      return judge(name, await call(name, token, endpoint), endpoint)
    } finally {
      outage.end(name)
      release()
    }
  }

  async function call(
    name: string,
    token: string,
    endpoint: Endpoint,
  ): Promise<Record<string, unknown>> {
    // Once more: the endpoint may have gone during the wait for a slot.
    allow(outage.begin(name), endpoint)
    const { address } = endpoint
    try {
      const answer = await callEndpoint(address, token, { authenticate, fetch, timeout, clock })
      outage.succeeded(name)
      return answer
    } catch (error) {
      if (!(error instanceof CallError)) throw error
      outage.failed(name, error)
      const { message: reason, retryAfter } = error
      introspectionFailed(() => ({ endpoint: shownAddress(address), reason, retryAfter }))
      throw errorFor(error, endpoint)
    }
  }

  function judge(
    name: string,
    { active, ...members }: Record<string, unknown>,
    { issuer }: Endpoint,
  ): IntrospectedToken | undefined {
    if (active !== true) {
      cache.addInactive(name)
      return undefined
    }
    const token: IntrospectedToken = { payload: freezeClaims(members), issuer }
    cache.addActive(name, token)
    return token
  }

  return {
    maxTokenLength: settings.maxTokenLength ?? scheme.maxTokenLength,
    ready: () => endpoints.ready(),
    introspect(token) {
      // An opaque token is a password: what is remembered must not be one.
      const name = sha256(token)
      const known = cache.get(name)
      if (known === 'inactive') return undefined
      return known ?? inFlight(name, () => ask(name, token))
    },
  }
}

function allow(refusal: CallError | undefined, endpoint: Endpoint): void {
  if (refusal !== undefined) throw errorFor(refusal, endpoint)
}

function errorFor({ concern, message, retryAfter }: CallError, { address }: Endpoint): Error {
  return concern === 'credentials'
    ? new ConfigurationError(`the introspection endpoint ${message}`)
    : new IntrospectionUnavailableError(
        `The introspection endpoint ${shownAddress(address)} failed: ${message}`,
        {
          retryAfter,
        },
      )
}
