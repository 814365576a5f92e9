import type { AppUser } from 'express-jwt-bearer/browser'
import type { JSX } from 'preact'
import { nameOf } from './site-header.js'

/** The page that everybody may see. */
export function HomePage({ user }: { readonly user: AppUser | null }): JSX.Element {
  return (
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
  )
}
