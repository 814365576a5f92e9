import { isAuthState, type AuthState } from './auth-state.js'
import { page } from './page.js'

/** Reads the state that the server put into the page; nothing when there is none or it is damaged. */
export function readPageState(id: string): AuthState | undefined {
  const text = page.document.getElementById(id)?.textContent
  try {
    const state: unknown = JSON.parse(text ?? 'null')
    return isAuthState(state) ? state : undefined
  } catch {
    return undefined
  }
}
