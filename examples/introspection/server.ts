// How do I accept opaque tokens, and stop one that the issuer has revoked?
//
//   npm run example introspection
//
// Starts a provider whose access tokens are opaque and an API that asks it about them. A token works, is
// revoked at the provider, and stops working once the API has forgotten the answer.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { announce } from '../shared/announce.js'
import { listen } from '../listen.js'
import { curlForToken } from '../shared/curl-for-token.js'
import { createApi } from './api.js'
import { audience, createProvider, maxAge, scope, service } from './provider.js'
import { getToken, revokeToken } from './client.js'

const server = createServer()
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const provider = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
const api = await listen(createApi(provider, maxAge))
server.on('request', createProvider(provider))

const token = await getToken(provider)
console.log(`The token is ${token.length} characters that mean nothing to the API.`)

async function call(when: string): Promise<void> {
  const answer = await fetch(`${api}/orders`, { headers: { Authorization: `Bearer ${token}` } })
  const challenge = answer.headers.get('www-authenticate') ?? (await answer.text())
  console.log(`GET /orders ${when}: ${answer.status} ${challenge}`)
}

await call('with it')
await revokeToken(provider, token)
await call('just after it was revoked')
await wait(maxAge * 1000)
await call(`${maxAge} s later`)
announce({
  users: `the service ${service.client_id} with the secret ${service.client_secret}`,
  tries: [
    [
      '200: the service reads the orders with a new token',
      `${api}/orders ${curlForToken(provider, { ...service, resource: audience, scope })}`,
    ],
    ['401: nobody in particular', `${api}/orders`],
  ],
})
