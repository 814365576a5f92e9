import { safeReturnUrl, type AuthClient } from 'express-jwt-bearer/browser'
import type { JSX, TargetedSubmitEvent } from 'preact'
import { useRef, useState } from 'preact/hooks'
import type { PageData } from '../../shared/models.js'

interface LoginPageProps {
  readonly data: Extract<PageData, { readonly name: 'login' }>
  readonly client: AuthClient | undefined
}

/** The login form. It says that a sign-in failed and not why, so that nobody learns who has an account. */
export function LoginPage({ data, client }: LoginPageProps): JSX.Element {
  const { returnUrl, email, hasFailed } = data
  const [message, setMessage] = useState(hasFailed ? failed : undefined)
  const [isBusy, setBusy] = useState(false)
  const password = useRef<HTMLInputElement>(null)

  async function signIn(event: TargetedSubmitEvent<HTMLFormElement>): Promise<void> {
    if (client === undefined) return
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    setBusy(true)
    setMessage(undefined)
    try {
      const credentials = { email: form.get('email'), password: form.get('password') }
      if (await client.signIn(credentials)) location.assign(safeReturnUrl(returnUrl))
      else tryAgain(failed)
    } catch {
      tryAgain('The sign-in is not available at the moment. Please try again.')
    } finally {
      setBusy(false)
    }
  }

  // A button that is busy loses the focus, which would be nowhere then.
  function tryAgain(problem: string): void {
    setMessage(problem)
    password.current?.focus()
    password.current?.select()
  }

  return (
    <section class="card narrow">
      <h1>Sign in</h1>
      {message !== undefined && (
        <p class="error" role="alert">
          {message}
        </p>
      )}
      <form method="post" action="/login" onSubmit={(event) => void signIn(event)}>
        <input type="hidden" name="ReturnUrl" value={returnUrl} />
        <label>
          Email
          <input
            type="email"
            name="email"
            defaultValue={email}
            autocomplete="username"
            maxLength={254}
            autofocus={!hasFailed}
            required
          />
        </label>
        <label>
          Password
          <input
            ref={password}
            type="password"
            name="password"
            autocomplete="current-password"
            maxLength={1024}
            autofocus={hasFailed}
            required
          />
        </label>
        <button type="submit" disabled={isBusy}>
          Sign in
        </button>
      </form>
    </section>
  )
}

const failed = 'Sign-in failed. Please check your email and password.'
