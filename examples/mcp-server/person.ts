/** Somebody with a browser, who signs in and allows whatever the page asks for. */
export interface Person {
  /** Follows the address until it leads back to the client, and gives that address. */
  visit(start: URL, redirectUrl: string): Promise<URL>
}

/**
 * Plays a person, so that nobody has to click.
 *
 * @param signedIn - When the person first signed in at the provider.
 */
export function createPerson(signedIn: 'now' | 'an hour ago'): Person {
  const cookies = new Map<string, string>()

  async function visit(start: URL, redirectUrl: string): Promise<URL> {
    let at = start
    while (!at.href.startsWith(redirectUrl)) {
      const page = await open(at)
      const answer = page.status === 200 ? await open(at, buttonOf(await page.text())) : page
      const location = answer.headers.get('location')
      if (location === null) {
        throw new Error(`The provider answered ${answer.status}: ${await answer.text()}`)
      }
      at = new URL(location, at)
    }
    return at
  }

  async function open(address: URL, signedInAt?: string): Promise<Response> {
    const answer = await fetch(address, {
      redirect: 'manual',
      headers: { Cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(signedInAt !== undefined && {
        method: 'POST',
        body: new URLSearchParams({ signedIn: signedInAt }),
      }),
    })
    for (const cookie of answer.headers.getSetCookie()) {
      const [name = '', value = ''] = (cookie.split(';')[0] ?? '').split('=')
      cookies.set(name, value)
    }
    return answer
  }

  const buttonOf = (page: string) => (page.includes(`value="${signedIn}"`) ? signedIn : 'now')
  return { visit }
}
