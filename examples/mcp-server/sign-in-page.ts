import { createHash } from 'node:crypto'

const style = `
  :root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
  body { max-width: 26rem; margin: 10vh auto; padding: 0 1.25rem; overflow-wrap: anywhere }
  h1 { font-size: 1.5rem; line-height: 1.2 }
  form { display: grid; gap: .75rem; margin-block: 1.5rem }
  button { padding: .7rem; border: 1px solid light-dark(#2f49d1, #9dafff); border-radius: .5rem;
    background: light-dark(#2f49d1, #9dafff); color: light-dark(#fff, #10131b);
    font: inherit; font-weight: 600; cursor: pointer }
  button + button { background: none; color: light-dark(#2f49d1, #9dafff) }
  :focus-visible { outline: 3px solid light-dark(#2f49d1, #9dafff); outline-offset: 2px }
`
const hash = createHash('sha256').update(style).digest('base64')

/** What the page may load: the styles that it brings, told by their hash, and nothing else. */
export const signInPolicy = `default-src 'none'; style-src 'sha256-${hash}'; img-src data:; base-uri 'none'; frame-ancestors 'none'`

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
      ? '<button name="signedIn" value="an hour ago">Go on as alice, who signed in an hour ago</button>'
      : ''
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sign in</title>
<link rel="icon" href="data:,">
<style>${style}</style>
<h1>${escape(client)} asks to act for you</h1>
<p>It wants to use: ${escape(scopes)}</p>
<form method="post"><button name="signedIn" value="now">${now}</button>${old}</form>
</html>`
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
