import { createListeners } from './listeners.js'
import { page, type PageStorage } from './page.js'
import type { TokenResponse, TokenStoreService } from './token-store-service.js'

/** Where the page keeps its access token. */
export type TokenStorage = 'memory' | 'localStorage' | 'sessionStorage'

const key = 'express-jwt-bearer.tokens'

interface Entry {
  readonly tokens: TokenResponse
  readonly owner?: string | undefined
}

/**
 * Creates the page's side of {@link TokenStoreService}.
 *
 * @param storage - Memory forgets the token when the page goes; the others keep it.
 * @param owner - Tells whose page this is. A token that another user left behind is not seen.
 */
export function createTokenStore(
  storage: TokenStorage,
  owner: () => string | undefined,
): TokenStoreService {
  const place = storage === 'memory' ? memory() : page[storage]
  const listeners = createListeners<TokenResponse | undefined>()
  return {
    get() {
      const entry = read(place)
      return Promise.resolve(entry?.owner === owner() ? entry?.tokens : undefined)
    },
    set(tokens) {
      // Copied by name: a refresh token never gets into the page's hands, whatever the server sent.
      const { accessToken, tokenType, expiresIn } = tokens
      const kept: TokenResponse = { accessToken, tokenType, expiresIn }
      place.setItem(key, JSON.stringify({ tokens: kept, owner: owner() } satisfies Entry))
      listeners.tell(kept)
      return Promise.resolve()
    },
    clear() {
      if (place.getItem(key) !== null) {
        place.removeItem(key)
        listeners.tell(undefined)
      }
      return Promise.resolve()
    },
    subscribe: (listener) => listeners.add(listener),
  }
}

function memory(): PageStorage {
  let kept: string | null = null
  return {
    getItem: () => kept,
    setItem: (_key, value) => {
      kept = value
    },
    removeItem: () => {
      kept = null
    },
  }
}

// What other scripts put there is not trusted to be what this one wrote.
function read(place: PageStorage): Entry | undefined {
  try {
    const entry = JSON.parse(place.getItem(key) ?? 'null') as Entry | null
    return typeof entry?.tokens?.accessToken === 'string' ? entry : undefined
  } catch {
    return undefined
  }
}
