import type { AppUser, AuthClient } from 'express-jwt-bearer/browser'
import type { JSX } from 'preact'
import type { SessionFacts } from '../../shared/models.js'
import { SessionPanel } from './session-panel.js'
import { nameOf } from './site-header.js'

interface HomePageProps {
  readonly user: AppUser | null
  readonly session: SessionFacts | undefined
  readonly client: AuthClient | undefined
}

/** The page that everybody may see. Who is signed in sees what that consists of as well. */
export function HomePage({ user, session, client }: HomePageProps): JSX.Element {
  return (
    <>
      <section class="card">
        <h1>{user === null ? 'Hello' : `Hello, ${nameOf(user)}`}</h1>
        <p>
          {user === null
            ? 'Sign in once, and every page knows you: the ones the server renders and the ones that run in your browser.'
            : 'You are signed in. Reload this page, open it in a new tab or copy its link: the server renders it as you from the first byte.'}
        </p>
        <a class="button" href="/weather">
          See the weather
        </a>
      </section>
      {user !== null && session !== undefined && (
        <SessionPanel user={user} initial={session} client={client} />
      )}
    </>
  )
}
