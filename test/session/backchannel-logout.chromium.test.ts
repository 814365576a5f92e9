import { createServer } from 'node:http'
import express from 'express'
import { authorize, jwtBearer } from 'express-jwt-bearer'
import { createMemoryReplayCache } from 'express-jwt-bearer/dpop'
import { checkRevocation, createMemoryDenyList } from 'express-jwt-bearer/issuer'
import { backchannelLogout, createSession, memorySessionStore } from 'express-jwt-bearer/session'
import * as oidc from 'openid-client'
import type { Browser, BrowserContext } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { launchChromium } from '../support/chromium.js'
import { listenOnLoopback, type Listening } from '../support/loopback.js'
import { api, startSignOutProvider } from '../support/sign-out-provider.js'

const clientSecret = 'a secret of a shop, on loopback only'

let provider: Awaited<ReturnType<typeof startSignOutProvider>>
let browser: Browser
const shops = new Map<string, Shop>()
const contexts: BrowserContext[] = []

interface Shop extends Listening {
  /** The access tokens of all sign-ins, in their order. */
  readonly accessTokens: string[]
}

beforeAll(async () => {
  browser = await launchChromium()
  const listening = new Map<string, Listening>()
  for (const name of ['by session', 'by user'])
    listening.set(name, await listenOnLoopback(createServer()))
  provider = await startSignOutProvider(
    [...listening].map(([name, { url }]) => ({
      client_id: name,
      client_secret: clientSecret,
      redirect_uris: [`${url}/callback`],
      response_types: ['code'],
      grant_types: ['authorization_code'],
      backchannel_logout_uri: `${url}/backchannel-logout`,
      backchannel_logout_session_required: name === 'by session',
    })),
  )
  for (const [name, one] of listening) shops.set(name, await openShop(name, one))
}, 120_000)

afterEach(async () => {
  await Promise.all(contexts.splice(0).map((context) => context.close()))
})

afterAll(async () => {
  await browser.close()
  for (const { close } of [...shops.values(), provider]) await close()
})

async function openShop(clientId: string, listening: Listening): Promise<Shop> {
  const authority = provider.url
  const config = await oidc.discovery(new URL(authority), clientId, clientSecret, undefined, {
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- on loopback only
    execute: [oidc.allowInsecureRequests],
  })
  const store = memorySessionStore()
  const denyList = createMemoryDenyList()
  const replayCache = createMemoryReplayCache()
  const trust = { authority, requireHttpsMetadata: false }
  const session = createSession({ login: () => undefined, store })
  const accessTokens: string[] = []
  const app = express()
  app.post(
    '/backchannel-logout',
    backchannelLogout({ ...trust, clientId, replayCache, store, denyList }),
  )
  app.get('/login/:name', (req, res) => {
    const url = oidc.buildAuthorizationUrl(config, {
      ...{ redirect_uri: `${listening.url}/callback`, scope: 'openid orders.read' },
      login_hint: req.params.name,
    })
    res.redirect(url.href)
  })
  app.get('/callback', async (req, res) => {
    const answer = await oidc.authorizationCodeGrant(
      config,
      new URL(req.originalUrl, listening.url),
      { idTokenExpected: true },
    )
    accessTokens.push(answer.access_token)
    await session.tokenStore(req, res).set({
      accessToken: answer.access_token,
      expiresIn: answer.expires_in,
      idToken: answer.id_token,
    })
    res.redirect('/')
  })
  app.use(session.middleware)
  app.use(
    jwtBearer({
      ...{ ...trust, audience: api },
      events: {
        onMessageReceived: session.onMessageReceived,
        onTokenValidated: checkRevocation(denyList),
      },
    }),
  )
  app.get('/', (req, res) => {
    res.send(req.user?.subject ?? 'nobody')
  })
  app.get('/api', authorize(), (_req, res) => {
    res.end()
  })
  listening.server.on('request', app)
  return { ...listening, accessTokens }
}

describe.each([
  ['by session', 1],
  ['by user', 2],
])('a sign-out at a provider that tells it %s', (name, ended) => {
  const shop = () => shops.get(name) as Shop

  async function signIn(user: string) {
    const context = await browser.newContext()
    contexts.push(context)
    const tabs = [await context.newPage(), await context.newPage()] as const
    await tabs[0].goto(`${shop().url}/login/${user}`)
    const accessToken = shop().accessTokens.at(-1) as string
    return {
      /** Whom each tab shows once it is loaded anew. */
      shown: () =>
        Promise.all(
          tabs.map(async (tab) => {
            await tab.goto(shop().url)
            return tab.locator('body').innerText()
          }),
        ),
      /** What an API answers to the access token that this sign-in brought. */
      call: async () => {
        const headers = { Authorization: `Bearer ${accessToken}` }
        return (await fetch(`${shop().url}/api`, { headers })).status
      },
      signOut: async () => {
        const page = await context.newPage()
        await page.goto(`${provider.url}/session/end`)
        await page.getByRole('button', { name: 'Yes, sign me out' }).click()
        await page.getByText('Sign-out Success').waitFor()
      },
    }
  }

  test('ends the sessions in every browser that it is about, and stops their tokens', async () => {
    const [one, two, bob] = [await signIn('alice'), await signIn('alice'), await signIn('bob')]
    const all = [one, two, bob]
    const everybody = [
      ['alice', 'alice'],
      ['alice', 'alice'],
      ['bob', 'bob'],
    ]
    expect(await Promise.all(all.map((each) => each.shown()))).toEqual(everybody)
    expect(await Promise.all(all.map((each) => each.call()))).toEqual([200, 200, 200])
    const before = provider.told.signOuts

    await one.signOut()

    expect(provider.told).toEqual({ signOuts: before + 1, refusals: [] })
    const gone = Array.from({ length: ended }, () => ['nobody', 'nobody'])
    expect(await Promise.all(all.map((each) => each.shown()))).toEqual([
      ...gone,
      ...everybody.slice(ended),
    ])
    expect(await Promise.all(all.map((each) => each.call()))).toEqual(
      all.map((_, index) => (index < ended ? 401 : 200)),
    )
  }, 60_000)
})
