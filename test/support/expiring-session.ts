import { setTimeout as wait } from 'node:timers/promises'
import request from 'supertest'
import { vi } from 'vitest'
import { memorySessionStore, type SessionOptions } from 'express-jwt-bearer/session'
import { accessToken, cookieOf, sessionApp, signIn } from './session-app.js'

/** An issuer that rotates and forgives nothing: a refresh token works once. */
export function strictIssuer(options: { delay?: number } = {}) {
  const issued = new Set(['refresh-0'])
  let count = 0
  const refresh = vi.fn(async (token: string) => {
    if (!issued.delete(token)) return undefined
    count += 1
    const refreshToken = `refresh-${count}`
    issued.add(refreshToken)
    await new Promise((resolve) => setTimeout(resolve, options.delay ?? 0))
    // Signed by the real clock, which the test's runs ahead of.
    return { accessToken: await accessToken(7200), expiresIn: 600, refreshToken }
  })
  return { refresh, issued }
}

/** An app, and the cookie of somebody whose access token has just run out. */
export async function expired(options: Partial<SessionOptions>, lifetime = 600) {
  // Tokens count whole seconds: the token has to be made in the second that this clock is read in.
  const sinceSecond = Date.now() % 1000
  if (sinceSecond > 400) await wait(1000 - sinceSecond)
  let now = Date.now()
  const clock = () => now
  const store = options.store ?? memorySessionStore({ clock })
  const all = { login: () => signIn(lifetime), clock, store, ...options }
  const { app } = sessionApp(all)
  const cookie = cookieOf(await request(app).post('/tokens/create'))
  const move = (seconds: number) => {
    now += seconds * 1000
  }
  move(lifetime)
  return { app, cookie, store, move, another: () => sessionApp(all).app }
}

/** Asks as the holder of a cookie. */
export const get = (app: ReturnType<typeof sessionApp>['app'], cookie: string, path = '/api') =>
  request(app).get(path).set('Cookie', cookie)

/** Lets the limits of the code under test pass in no time; those of Node's own servers go on. */
export const fakeTimers = () => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })

/** A promise that its test settles. */
export function deferred<T>() {
  let resolve: (value: T) => void = () => undefined
  const promise = new Promise<T>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}
