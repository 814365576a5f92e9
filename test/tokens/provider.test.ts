import * as oidc from 'openid-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTokenManager, openidClient, type TokenEvent } from 'express-jwt-bearer/tokens'
import { startProvider, webClient, type RunningProvider } from '../support/oidc-provider.js'

let provider: RunningProvider

beforeAll(async () => {
  provider = await startProvider({ accessTokenLifetime: 2, audience: 'api://orders', apiScopes: 'orders.read orders.write' })
})
afterAll(() => provider.stop())

describe('createTokenManager()', () => {
  test('smoke', async () => {
    const config = await oidc.discovery(new URL(provider.url), webClient.client_id, webClient.client_secret, undefined, { execute: [oidc.allowInsecureRequests] })
    const events: TokenEvent[] = []
    const manager = createTokenManager({ client: openidClient(config), onEvent: (e) => events.push(e) })
    const first = await oidc.refreshTokenGrant(config, await provider.signIn('alice'))
    console.log(first)
    const user = { subject: 'alice', sessionId: 's1' }
    await manager.storeTokens(user, first)
    console.log(await manager.getAccessToken(user))
    await new Promise((r) => setTimeout(r, 1700))
    const all = await Promise.all(Array.from({ length: 100 }, () => manager.getAccessToken(user)))
    console.log(new Set(all.map((r) => r.kind === 'success' ? r.accessToken : r.error)).size, provider.counts)
    await provider.stop(); await provider.start()
    console.log(await manager.getAccessToken(user, { scope: 'orders.read', resource: 'api://orders' }))
    console.log(await manager.getClientAccessToken({resource: 'api://orders'}))
    console.log(await manager.signOut(user), provider.counts, events)
  })
})
