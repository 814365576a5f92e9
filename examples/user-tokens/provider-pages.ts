/** The page that asks who is there. */
export function signInPage(problem = ''): string {
  return page(
    'Sign in',
    `<h1>Sign in</h1>
    <p class="quiet">Demo identity provider</p>
    ${problem && `<p class="problem" role="alert">${problem}</p>`}
    <form method="post">
      <label>Name <input name="name" autocomplete="username" autocapitalize="none" required autofocus></label>
      <label>Password <input name="password" type="password" autocomplete="current-password" required></label>
      <button>Sign in</button>
    </form>
    <p class="quiet">alice · wonderland<br>bob · builder</p>`,
  )
}

/** The page that ends the provider's own session; the form comes from the provider. */
export function signOutPage(form: string): string {
  return page(
    'Sign out',
    `<h1>Sign out</h1>
    <p>Sign out of the identity provider as well?</p>
    ${form}
    <button name="logout" value="yes" form="op.logoutForm" autofocus>Yes, sign out</button>`,
  )
}

/** The page for whoever has signed out here and came from nowhere else. */
export function signedOutPage(): string {
  return page(
    'Signed out',
    `<h1>Signed out</h1>
    <p>Every application that you used with this sign-in has been told.</p>`,
  )
}

function page(title: string, content: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<style>
  :root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
  body { max-width: 22rem; margin: 12vh auto; padding: 0 1.25rem }
  h1 { margin: 0 } .quiet { opacity: .75 } .problem { color: light-dark(#ad1f2d, #ff939c) }
  form, label { display: grid; gap: .5rem } form { gap: 1rem; margin-block: 1.5rem }
  input, button { font: inherit; padding: .7rem; border-radius: .5rem; border: 1px solid GrayText }
  button { background: light-dark(#2f49d1, #9dafff); color: light-dark(#fff, #10131b); border: 0; width: 100%; cursor: pointer }
</style>
${content}
</html>`
}
