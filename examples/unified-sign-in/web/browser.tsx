import { createAuthClient } from 'express-jwt-bearer/browser'
import { hydrate } from 'preact'
import type { PageData } from '../shared/models.js'
import { App } from './pages/app.js'

const data = JSON.parse(document.getElementById('page-data')?.textContent ?? '') as PageData

const client = createAuthClient({
  onSignedOut() {
    // Public pages just show themselves as nobody's; this one cannot.
    if (data.name !== 'weather') return
    const here = location.pathname + location.search
    location.replace(`/login?ReturnUrl=${encodeURIComponent(here)}`)
  },
})

hydrate(
  <App data={data} initial={client.state} client={client} />,
  document.getElementById('root') as HTMLElement,
)
