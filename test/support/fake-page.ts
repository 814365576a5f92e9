import { vi } from 'vitest'
import type { AuthState } from 'express-jwt-bearer/browser'

export const ownOrigin = 'https://app.example'
export const apiOrigin = 'https://api.example'

/** What a fake server answers to `METHOD /path` (other origins: with the origin in front). */
export type Answers = Record<string, (request: Request) => Response | Promise<Response>>

/** Puts the globals of a browser's window around a test, with a server that answers as told. */
export function fakePage(
  state: AuthState | string | undefined,
  answers: Answers = {},
  element: { readonly tagName?: string; readonly type?: unknown } = {},
) {
  const pageShow = new Set<(event: { persisted: boolean }) => void>()
  const requests: Request[] = []
  const text = typeof state === 'object' ? JSON.stringify(state) : state
  vi.stubGlobal('document', {
    // What markup from elsewhere can make of it.
    baseURI: 'https://evil.example/base/',
    getElementById: (id: string) =>
      text === undefined || id !== 'auth-state'
        ? null
        : { tagName: 'SCRIPT', type: 'application/json', textContent: text, ...element },
  })
  vi.stubGlobal('location', { origin: ownOrigin })
  vi.stubGlobal('localStorage', fakeStorage())
  vi.stubGlobal('sessionStorage', fakeStorage())
  vi.stubGlobal('addEventListener', (_type: string, listener: () => void) => pageShow.add(listener))
  vi.stubGlobal('removeEventListener', (_type: string, listener: () => void) =>
    pageShow.delete(listener),
  )
  vi.stubGlobal('fetch', async (input: Request | URL, init?: RequestInit) => {
    const request = new Request(input, init)
    requests.push(request.clone())
    const { origin, pathname } = new URL(request.url)
    const path = origin === ownOrigin ? pathname : origin + pathname
    const answer = answers[`${request.method} ${path}`]
    if (answer === undefined) throw new TypeError(`Failed to fetch ${path}`)
    return answer(request)
  })
  return {
    requests,
    /** The calls so far, as `METHOD /path`. */
    calls: () => requests.map(({ method, url }) => `${method} ${new URL(url).pathname}`),
    /** Brings the page back from the back/forward cache, or just shows it. */
    show: (persisted: boolean) => {
      for (const listener of pageShow) listener({ persisted })
    },
    listeners: () => pageShow.size,
  }
}

function fakeStorage() {
  const values = new Map<string, string>()
  return {
    values,
    getItem: (key: string) => values.get(key) ?? null,
    setItem: (key: string, value: string) => values.set(key, value),
    removeItem: (key: string) => values.delete(key),
  }
}

export function json(body: unknown, status = 200): Response {
  return Response.json(body, { status })
}
