import type { AuthClient, AppUser } from 'express-jwt-bearer/browser'
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { PageData } from '../../shared/models.js'
import { HomePage } from './home-page.js'
import { LoginPage } from './login-page.js'
import { SiteHeader } from './site-header.js'
import { WeatherPage } from './weather-page.js'

/** What every page is given, by the server and in the browser alike. */
export interface AppProps {
  readonly data: PageData
  readonly initial: { readonly user?: AppUser | null | undefined }
  /** The sign-in in the browser; the server has none. */
  readonly client: AuthClient | undefined
}

/** Shows a page as its user, and as nobody's the moment they sign out anywhere. */
export function App({ data, initial, client }: AppProps): JSX.Element {
  const [user, setUser] = useState(initial.user ?? null)
  useEffect(
    () =>
      client?.subscribe((state) => {
        setUser(state.user)
      }),
    [client],
  )

  return (
    <>
      <SiteHeader user={user} client={client} page={data.name} />
      <main>{pageOf(data, user, client)}</main>
      <footer>One sign-in for pages rendered on the server and in the browser.</footer>
    </>
  )
}

/** Title of a page's window. */
export function titleOf(data: PageData): string {
  const titles = { home: 'Home', login: 'Sign in', weather: 'Weather', message: 'Notice' }
  return `${titles[data.name]} · Unified sign-in`
}

function pageOf(
  data: PageData,
  user: AppUser | null,
  client: AuthClient | undefined,
): JSX.Element | null {
  switch (data.name) {
    case 'home':
      return <HomePage user={user} session={data.session} client={client} />
    case 'login':
      return <LoginPage data={data} client={client} />
    case 'weather':
      return user && <WeatherPage forecasts={data.forecasts} client={client} />
    case 'message':
      return (
        <section class="card">
          <h1>{data.title}</h1>
          <p>{data.text}</p>
          <a class="button" href="/">
            Back to the start
          </a>
        </section>
      )
  }
}
