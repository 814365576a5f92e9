/** What people are asked. */
export interface Question {
  /** What the client calls itself: anybody can have registered it under any name. */
  readonly client: string
  readonly scopes: string
  readonly signsIn: boolean
  readonly mustBeFresh: boolean
}

/** The page on which people sign in and say what a client may do for them. */
export function signInPage({ client, scopes, signsIn, mustBeFresh }: Question): string {
  const now = signsIn ? 'Sign in as alice and allow it' : 'Allow it'
  // Providers remember people for weeks. The second button shows what follows, without the wait.
  const old =
    signsIn && !mustBeFresh
      ? '<p><button name="signedIn" value="an hour ago">Go on as alice, who signed in an hour ago</button></p>'
      : ''
  return `<!doctype html>
<html lang="en">
<title>Sign in</title>
<h1>${escape(client)} asks to act for you</h1>
<p>It wants to use: ${escape(scopes)}</p>
<form method="post"><p><button name="signedIn" value="now">${now}</button></p>${old}</form>
</html>`
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
