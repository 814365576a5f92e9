// How do I trust an OpenID Connect provider, and how does a client get a token for my API?
//
//   npm run example authority
//
// Starts a provider and an API, gets a token for a service and one for a user, and calls the API with both.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair } from 'jose'
import { announce } from '../shared/announce.js'
import { listen } from '../listen.js'
import { curlForToken } from '../shared/curl-for-token.js'
import { createApi } from './api.js'
import { tokenForService, tokenForUser } from './client.js'
import { createProvider } from './provider.js'
import { audience, scope, service } from './settings.js'

const { privateKey } = await generateKeyPair('RS256', { extractable: true })
const key = { ...(await exportJWK(privateKey)), kid: crypto.randomUUID(), alg: 'RS256', use: 'sig' }

const server = createServer()
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const provider = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
const api = await listen(createApi(provider))
server.on('request', createProvider(provider, [key]))

for (const [who, token] of [
  ['the service', await tokenForService(provider)],
  ['the user', await tokenForUser(provider)],
] as const) {
  const answer = await fetch(`${api}/orders`, { headers: { Authorization: `Bearer ${token}` } })
  console.log(`GET /orders for ${who}: ${answer.status} ${await answer.text()}`)
}
const answer = await fetch(`${api}/orders`)
console.log(
  `GET /orders for nobody: ${answer.status} ${answer.headers.get('www-authenticate') ?? ''}`,
)
announce({
  users: `alice, whom the provider signs in without a password, and the service ${service.client_id} with the secret ${service.client_secret}`,
  tries: [
    [
      '200: the service reads the orders',
      `${api}/orders ${curlForToken(provider, { ...service, resource: audience, scope })}`,
    ],
    ['401: nobody in particular', `${api}/orders`],
  ],
})
