import { setTimeout as wait } from 'node:timers/promises'
import type { TokenResponse } from 'express-jwt-bearer/session'
import type { WeatherForecast } from '../shared/models.js'

/** The Auth API, seen from the web application. */
export interface AuthApiClient {
  readonly login: (credentials: unknown) => Promise<TokenResponse | undefined>
  readonly refresh: (
    refreshToken: string,
    signal: AbortSignal,
  ) => Promise<TokenResponse | undefined>
  readonly logout: (tokens: TokenResponse, signal: AbortSignal) => Promise<void>
  readonly weather: (accessToken: string) => Promise<readonly WeatherForecast[]>
}

/** Prepares the calls to the Auth API. */
export function createAuthApiClient(url: string): AuthApiClient {
  const post = (path: string, body: unknown, signal: AbortSignal): Promise<Response> =>
    fetch(url + path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
      signal,
    })

  // 400 is the API's "no"; anything else that is no success means that it could not say.
  async function tokensOf(response: Response): Promise<TokenResponse | undefined> {
    if (response.status === 400) return undefined
    if (!response.ok) throw new Error(`The Auth API answered with ${response.status}`)
    return (await response.json()) as TokenResponse
  }

  return {
    login: async (credentials) => {
      const signal = AbortSignal.timeout(30_000)
      for (;;) {
        const response = await post('/tokens/create', credentials, signal)
        if (response.status !== 429 && response.status !== 503) return tokensOf(response)
        // Somebody else may be guessing at this account: its owner waits for a turn and gets one.
        await wait(1000 * Number(response.headers.get('retry-after') ?? 1), undefined, { signal })
      }
    },
    refresh: async (refreshToken, signal) =>
      tokensOf(await post('/tokens/refresh', { refreshToken }, signal)),
    logout: async ({ refreshToken }, signal) => {
      await post('/tokens/logout', { refreshToken }, signal)
    },
    weather: async (accessToken) => {
      const response = await fetch(`${url}/weatherforecast`, {
        headers: { Authorization: `Bearer ${accessToken}` },
        signal: AbortSignal.timeout(10_000),
      })
      if (!response.ok) throw new Error(`The Auth API answered with ${response.status}`)
      return (await response.json()) as readonly WeatherForecast[]
    },
  }
}
