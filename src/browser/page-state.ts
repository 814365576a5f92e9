import { isAuthState, type AuthState } from './auth-state.js'
import { page } from './page.js'

/** Reads the state that the server put into the page; nothing when there is none or it is damaged. */
export function readPageState(id: string): AuthState | undefined {
  const element = page.document.getElementById(id)
  // Markup that somebody else got into the page can hold text under this id, but no script.
  if (element?.tagName !== 'SCRIPT' || element.type !== 'application/json') return undefined
  try {
    const state: unknown = JSON.parse(element.textContent)
    return isAuthState(state) ? state : undefined
  } catch {
    return undefined
  }
}
