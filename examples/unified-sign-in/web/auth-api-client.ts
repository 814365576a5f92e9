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
    login: async (credentials) =>
      tokensOf(await post('/tokens/create', credentials, AbortSignal.timeout(10_000))),
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
