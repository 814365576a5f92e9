import type { RequestListener } from 'node:http'
import { Provider, type ClientMetadata } from 'oidc-provider'

export const audience = 'api://orders'
export const scope = 'orders.read'

/** For how many seconds the API believes an answer. Short, so that the example need not wait long. */
export const maxAge = 2

/** The API itself: the provider says what a token means to nobody else. */
export const api = { client_id: 'orders-api', client_secret: 'demo-secret-of-the-api' }

/** A client that acts for itself. */
export const service = { client_id: 'report-service', client_secret: 'demo-secret-of-the-service' }

const common: Partial<ClientMetadata> = { redirect_uris: [], response_types: [] }

/** An OpenID Connect provider that issues opaque access tokens. */
export function createProvider(url: string): RequestListener {
  const provider = new Provider(url, {
    clients: [
      { ...service, ...common, grant_types: ['client_credentials'] },
      { ...api, ...common, grant_types: [] },
    ],
    cookies: { keys: [crypto.randomUUID()] },
    ttl: { ClientCredentials: 600 },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      // Who got a token may take it back, and the API alone may ask about it.
      revocation: {
        enabled: true,
        allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId,
      },
      introspection: {
        enabled: true,
        allowedPolicy: (_ctx, client) => client.clientId === api.client_id,
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => audience,
        getResourceServerInfo: () => ({ scope, audience, accessTokenFormat: 'opaque' }),
      },
    },
  })
  const handle = provider.callback()
  return (request, response) => void handle(request, response)
}
