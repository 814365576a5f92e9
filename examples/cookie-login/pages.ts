import type { RequestHandler } from 'express'

const policy =
  "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

/** Lets a page load its styles and nothing else, and lets nobody keep a copy of it. */
export const protectPages: RequestHandler = (_req, res, next) => {
  res.set({
    'Content-Security-Policy': policy,
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'same-origin',
    'Cache-Control': 'no-store',
  })
  next()
}

/** What the login page shows. */
export interface LoginPage {
  /** The demo users and their passwords. */
  readonly users: ReadonlyMap<string, string>
  readonly hasFailed?: boolean
  /** What was entered as the name. */
  readonly name?: string
}

/** The login form. It has no action, so it goes back to its own address, `ReturnUrl` included. */
export function loginPage({ users, hasFailed = false, name = '' }: LoginPage): string {
  const problem = '<p class="problem" role="alert">The name or the password is wrong.</p>'
  const [focusName, focusPassword] = hasFailed ? ['', ' autofocus'] : [' autofocus', '']
  return page(
    'Sign in',
    `<h1>Sign in</h1>
    ${hasFailed ? problem : ''}
    <form method="post">
      <label>Name
        <input name="name" value="${escape(name)}" autocomplete="username" autocapitalize="none" required${focusName}>
      </label>
      <label>Password
        <input name="password" type="password" autocomplete="current-password" required${focusPassword}>
      </label>
      <button>Sign in</button>
    </form>
    <p class="quiet">Demo users: ${[...users].map(([user, password]) => `${user} (${password})`).join(', ')}</p>`,
  )
}

/** What people see who are signed in. */
export function homePage({ name, expiresAt }: { name: string; expiresAt: Date }): string {
  const time = expiresAt.toISOString()
  return page(
    'Signed in',
    `<h1>Hello, ${escape(name)}</h1>
    <p>The server knows you by the cookie that came with this request.</p>
    <dl>
      <dt>Signed in until</dt>
      <dd><time datetime="${time}">${time.slice(11, 19)} UTC</time></dd>
      <dt>In the cookie</dt>
      <dd>The token: <code>HttpOnly</code>, so that no script can read it, and <code>SameSite=Lax</code></dd>
      <dt>On the server</dt>
      <dd>Nothing but the key that signs tokens</dd>
      <dt>In this page</dt>
      <dd>Your name, and no token</dd>
    </dl>
    <form method="post" action="/logout"><button class="plain">Sign out</button></form>`,
  )
}

function page(title: string, content: string): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>${title} · Cookie login</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="/style.css">
  </head>
  <body>
    <main>
    ${content}
    </main>
  </body>
</html>
`
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
