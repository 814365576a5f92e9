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

/** Is thrown when the Auth API does not take a token, however good it looks from here. */
export class TokenRefusedError extends Error {
  readonly status = 401
}

/** Is thrown when the Auth API cannot be reached or could not answer. */
export class ApiUnavailableError extends Error {
  readonly status = 503
}

/** Prepares the calls to the Auth API. */
export function createAuthApiClient(url: string): AuthApiClient {
  async function ask(path: string, init: RequestInit): Promise<Response> {
    try {
      return await fetch(url + path, init)
    } catch (cause) {
      throw new ApiUnavailableError('The Auth API cannot be reached', { cause })
    }
  }

  const post = (path: string, body: unknown, signal: AbortSignal): Promise<Response> =>
    ask(path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
      signal,
    })

  async function read<T>(response: Response): Promise<T> {
    if (!response.ok) throw new ApiUnavailableError(`The Auth API answered ${response.status}`)
    return (await response.json()) as T
  }

  // 400 is the API's "no"; anything else that is no success means that it could not say.
  const tokensOf = async (response: Response): Promise<TokenResponse | undefined> =>
    response.status === 400 ? undefined : read(response)

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
      const response = await ask('/weatherforecast', {
        headers: { Authorization: `Bearer ${accessToken}` },
        signal: AbortSignal.timeout(10_000),
      })
      if (response.status === 401) throw new TokenRefusedError('The Auth API refused the token')
      return read(response)
    },
  }
}
