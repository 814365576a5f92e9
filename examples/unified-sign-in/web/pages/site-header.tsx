import type { AppUser, AuthClient } from 'express-jwt-bearer/browser'
import type { JSX, TargetedSubmitEvent } from 'preact'
import type { PageData } from '../../shared/models.js'

interface SiteHeaderProps {
  readonly user: AppUser | null
  readonly client: AuthClient | undefined
  readonly page: PageData['name']
}

/** The bar on top of every page: where one can go, who one is, and the way out. */
export function SiteHeader({ user, client, page }: SiteHeaderProps): JSX.Element {
  async function signOut(event: TargetedSubmitEvent<HTMLFormElement>): Promise<void> {
    if (client === undefined) return
    event.preventDefault()
    // Where the server could not be told, its page shows that the user is still signed in.
    await client.signOut().catch(() => undefined)
    location.assign('/')
  }

  return (
    <header>
      <nav aria-label="Pages">
        <a href="/" aria-current={page === 'home' ? 'page' : undefined}>
          Home
        </a>
        <a href="/weather" aria-current={page === 'weather' ? 'page' : undefined}>
          Weather
        </a>
      </nav>
      {user === null ? (
        page !== 'login' && (
          <a class="button" href="/login">
            Sign in
          </a>
        )
      ) : (
        <form method="post" action="/logout" onSubmit={(event) => void signOut(event)}>
          <span class="user">{nameOf(user)}</span>
          <button type="submit" class="quiet">
            Sign out
          </button>
        </form>
      )}
    </header>
  )
}

/** How a user is addressed. */
export function nameOf({ firstName, lastName, email }: AppUser): string {
  return [firstName, lastName].filter(Boolean).join(' ') || (email ?? 'You')
}
