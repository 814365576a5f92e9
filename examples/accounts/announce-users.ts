import { announce } from '../shared/announce.js'
import type { DemoUser } from './users.js'

/** Prints how to sign in as the demo users, as far as anybody knows their passwords. */
export function announceUsers(url: string, users: readonly DemoUser[]): void {
  announce({
    users: users.map(describe).join(', '),
    tries: [
      ...users.flatMap(({ email, password }) =>
        password === undefined
          ? []
          : [[`200: ${email} signs in`, logIn(url, { email, password })] as const],
      ),
      ['401: nobody in particular asks who they are', `${url}/account/me`],
    ],
  })
}

function describe({ email, password }: DemoUser): string {
  return `${email} with ${password === undefined ? 'the password of its first start' : `the password ${password}`}`
}

function logIn(url: string, credentials: object): string {
  // As it stands between single quotes.
  const body = JSON.stringify(credentials).replaceAll("'", `'\\''`)
  return `${url}/account/login -H 'Content-Type: application/json' -d '${body}'`
}
