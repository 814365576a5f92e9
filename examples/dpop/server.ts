// How do I make a stolen token worthless?
//
//   npm run example:dpop
//
// Starts a provider and an API, signs a user in with a key (DPoP, RFC 9449), calls the API with proofs, and tries
// what a thief would try with a copied token.

import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair } from 'jose'
import { createProvider } from '../authority/provider.js'
import { announce } from '../shared/announce.js'
import { listen } from '../listen.js'
import { createApi } from './api.js'
import { signInWithKey } from './client.js'
import { tryToken } from './thief.js'

const { privateKey } = await generateKeyPair('RS256', { extractable: true })
const key = { ...(await exportJWK(privateKey)), kid: crypto.randomUUID(), alg: 'RS256', use: 'sig' }

const providerServer = createServer()
await new Promise<void>((resolve) => providerServer.listen(0, '127.0.0.1', resolve))
const provider = `http://127.0.0.1:${(providerServer.address() as AddressInfo).port}`

const apiServer = createServer()
const api = await listen(apiServer)
providerServer.on('request', createProvider(provider, [key]))
apiServer.on('request', createApi(provider, api, randomBytes(32).toString('base64url')))

const client = await signInWithKey(provider)
for (const time of ['first', 'second']) {
  const answer = await client.get(`${api}/orders`)
  console.log(`The client, ${time} call: ${answer.status} ${await answer.text()}`)
}
for (const [what, answer] of await tryToken(client.token, `${api}/orders`)) {
  console.log(`A thief ${what}: ${answer}`)
}
announce({
  users: 'alice, whom the provider signs in without a password',
  tries: [['401: curl has no key, and the challenge asks for one', `${api}/orders`]],
})
